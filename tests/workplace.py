"""The program itself, run in a place of its own: stores, servers and records."""

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.resident import stop

ROOT = Path(__file__).resolve().parent.parent
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
        assert self.output, self.errors
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

    def runs(self) -> int:
        """How many pipeline runs ZenML's store holds."""
        store = self.home / "stores" / "default_zen_store" / "zenml.db"
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
            return int(connection.execute("select count(*) from pipeline_run").fetchone()[0])

    def stop_servers(self) -> None:
        """End every server that was started from here, without asking ZenML for them."""
        for path in (self.home / "stores").glob("*/*/service.json"):
            stop(path.parent)
