"""A place of its own for every test that runs the program: stores, servers and records."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 600


@dataclass(frozen=True)
class Finished:
    """A command line that has ended."""

    status: int
    output: str
    errors: str

    @property
    def document(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.output)


@dataclass(frozen=True)
class Workplace:
    """A directory that holds everything a run keeps, away from the user's own."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the program finds this place."""
        return {
            **os.environ,
            "HOME": str(self.home),
            "ZENML_CONFIG_PATH": str(self.home / "zenml"),
            "ZENML_LOCAL_STORES_PATH": str(self.home / "stores"),
            "ZENML_ANALYTICS_OPT_IN": "false",
            "SWITCHYARD_HOME": str(self.home / "records"),
        }

    def run(self, *words: str, **environment: str) -> Finished:
        """Run `python run.py` with these words."""
        return self.call(sys.executable, "run.py", *words, **environment)

    def call(self, *words: str, **environment: str) -> Finished:
        """Run any command line from the project's directory."""
        done = subprocess.run(
            list(words),
            cwd=ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start `python run.py` and go on beside it."""
        return subprocess.Popen(
            [sys.executable, "run.py", *words],
            cwd=ROOT,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def stop_servers(self) -> None:
        """End every server that was started from here."""
        for endpoint in self.run("status", "--json").document:
            self.run("stop", endpoint["name"])


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    """A place for one test."""
    place = Workplace(tmp_path)
    yield place
    if (tmp_path / "zenml").exists():
        place.stop_servers()


@pytest.fixture(scope="module")
def shared_workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """A place for the tests of one module, which tell one story in their order."""
    place = Workplace(tmp_path_factory.mktemp("place"))
    yield place
    place.stop_servers()
