"""Somebody else holds a store's database for longer than anyone waits for it."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.failures.conftest import Program
from tests.integration.failures.test_killed import agree, at, words
from tests.integration.tumours import BUSH, STUMP
from tests.workplace import ROOT


class Held:
    """A database that a process of its own can be told to hold.

    Args:
        database: The end of its name below the place.
    """

    def __init__(self, program: Program, folder: Path) -> None:
        self._stores, self._file = program.place.home / "stores", folder / "holder"

    def command(self, database: str) -> str:
        """What takes it, as a command of the shell."""
        (path,) = self._stores.rglob(database)
        return f"{sys.executable} {ROOT / 'tests' / 'chaos' / 'hold.py'} {path} {self._file}"

    def release(self) -> None:
        """Let go of it; nothing where it was not taken."""
        if self._file.exists():
            os.kill(int(self._file.read_text()), signal.SIGKILL)
            self._file.unlink()


@pytest.fixture
def held(program: Program, tmp_path: Path) -> Iterator[Held]:
    """What holds a database, let go of at the end."""
    found = Held(program, tmp_path)
    yield found
    found.release()


@pytest.mark.nightly
@pytest.mark.fault(
    kind="store locked",
    where="MLflow's SQLite database, held while a version is to be registered",
    promise="The run ends with the reason, in words; nothing is registered.",
    then="`run.py resume`",
)
def test_mlflows_database_held_by_another_ends_the_run_in_words(
    program: Program, held: Held, tmp_path: Path
) -> None:
    assert program.run(*words(tmp_path, "first", STUMP), "--no-deploy").status == 0
    begin = words(tmp_path, "locked", STUMP)
    done = program.run(*begin, at=at("register_model"), do=held.command("mlflow.db"))
    assert done.status == 1
    told(done.errors, "database is locked", "run.py resume")
    held.release()
    assert program.run("resume").status == 0
    agree(program.books("locked"), "1", ["1"])


@pytest.mark.nightly
@pytest.mark.fault(
    kind="store locked",
    where="ZenML's SQLite database, held for longer than the minute that ZenML waits",
    promise="The run ends with the reason, in words, and what finished is kept.",
    then="`run.py resume`",
)
def test_zenmls_database_held_by_another_ends_the_run_in_words(
    program: Program, held: Held, tmp_path: Path
) -> None:
    # Another model than the test before trained: what is in the cache writes nothing.
    begin = words(tmp_path, "zenml", BUSH)
    done = program.run(*begin, at=at("evaluate"), do=held.command("zenml.db"))
    assert done.status == 1
    told(done.errors, "database is locked")
    held.release()
    assert program.run("resume").status == 0
    agree(program.books("zenml"), "1", ["1"])


def told(errors: str, *parts: str) -> None:
    """What is told holds all of these, and neither a traceback nor a database's own statement."""
    for part in parts:
        assert part in errors, errors
    for part in ("Traceback", "[SQL", "UPDATE ", "INSERT "):
        assert part not in errors, errors
