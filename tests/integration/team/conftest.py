"""Two engineers who are logged in to the team's servers."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.stacks.store import KEY, SECRET
from tests.integration.team.accounts import api_key, keep_secret
from tests.integration.team.servers import MEMBER, Team
from tests.workplace import ROOT, Finished, Workplace


@dataclass(frozen=True)
class Laptop(Workplace):
    """An engineer's machine: a home, a folder for locks, and no variable of the stack's.

    Args:
        key: What the ZenML server knows the engineer by.
    """

    key: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the program finds this place."""
        own = {"TMPDIR": str(self.home), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
        return {**super().environment, **own}

    def zenml(self, *words: str, typed: str = "") -> Finished:
        """Run `zenml` as one who types; without a terminal, since a key is read from there."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name("zenml")), *words],
            cwd=ROOT,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            start_new_session=True,
        )
        return Finished(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def ann(team: Team, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """The engineer who sets the stack up."""
    place = Laptop(tmp_path_factory.mktemp("ann"), api_key(team, "ann"))
    log_in(place, team)
    for name, values in {
        "switchyard-s3": {"key": KEY, "secret": SECRET},
        "switchyard-mlflow": {"username": MEMBER[0], "password": MEMBER[1]},
        "wrong-s3": {"key": KEY, "secret": "wrong-word"},
        "wrong-mlflow": {"username": MEMBER[0], "password": "wrong-word"},
    }.items():
        keep_secret(team, name, values)
    applied = place.run("stack", "set", "team", **team.environment)
    assert applied.status == 0, applied.errors
    yield place
    place.stop_servers()


@pytest.fixture(scope="session")
def bob(ann: Laptop, team: Team, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """An engineer who has an API key, and nothing else."""
    assert ann
    place = Laptop(tmp_path_factory.mktemp("bob"), api_key(team, "bob"))
    log_in(place, team)
    done = place.zenml("stack", "set", "team")
    assert done.status == 0, done.errors
    yield place
    place.stop_servers()


def log_in(place: Laptop, team: Team) -> None:
    """Log in as an engineer does, with the key on standard input."""
    done = place.zenml("login", team.zenml, "--api-key", typed=f"{place.key}\n")
    assert done.status == 0, done.errors
