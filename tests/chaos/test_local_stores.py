"""No store of this machine can be written: their disk is full, or another holds a database."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.disk import Disk, disk_at
from tests.integration.failures.conftest import Program, program_in
from tests.integration.failures.test_killed import agree, at, words
from tests.integration.tumours import STUMP
from tests.workplace import ROOT, Finished, Workplace


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """A small disk, which holds all stores and records."""
    with disk_at(tmp_path_factory.mktemp("small") / "disk", 100) as found:
        yield found


@pytest.fixture(scope="module")
def small(disk: Disk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program in a place on it."""
    place = Workplace(disk.path)
    with program_in(place, told=tmp_path_factory.mktemp("told")) as started:
        yield started
    place.stop_servers()


def told(done: Finished, *one_of: str) -> None:
    """A run that failed says why, with neither a traceback nor a database's own statement."""
    assert done.status == 1, (done.output, done.errors)
    assert any(words in done.errors for words in one_of), done.errors
    for part in ("Traceback", "[SQL", "UPDATE ", "INSERT "):
        assert part not in done.errors, done.errors


def resumed(program: Program, model: str) -> None:
    """It is gone on with to its end, and the books agree."""
    assert program.run("resume").status == 0
    agree(program.books(model), "1", ["1"])


def full_from(small: Program, disk: Disk, begin: list[str], step: str) -> None:
    """Fill the disk when a step begins; the run fails in words."""
    done = small.run(*begin, at=at(step), do=disk.fill_command)
    disk.free()
    told(done, "No space left", "disk is full")


@pytest.mark.fault(
    kind="disk full",
    where="all stores and records at once, from a training's evaluation on",
    promise="The reason is told in words; what finished is kept, nothing is registered.",
    then="`run.py resume`, with room",
)
def test_a_full_disk_ends_a_run_in_words_and_it_is_gone_on_with(
    small: Program, disk: Disk, tmp_path: Path
) -> None:
    full_from(small, disk, words(tmp_path, "one", STUMP), "evaluate")
    resumed(small, "one")


@pytest.mark.nightly
@pytest.mark.fault(
    kind="disk full",
    where="all stores and records at once, from each of eight steps on in turn",
    promise="The reason is told in words; in the end one version, one champion, no run left open.",
    then="`run.py resume`, with room",
)
def test_a_disk_full_at_each_step_in_turn_loses_nothing(
    small: Program, disk: Disk, tmp_path: Path
) -> None:
    begin = [*words(tmp_path, "each", STUMP), "--no-cache"]
    steps = ("load_table", "validate", "split_rows", "train_stump", "compare", "register_model")
    for number, step in enumerate((*steps, "promote", "deploy")):
        full_from(small, disk, ["resume"] if number else begin, step)
    resumed(small, "each")


def holding(database: Path, holder: Path) -> str:
    """What takes a database, as a command of the shell."""
    return f"{sys.executable} {ROOT / 'tests' / 'chaos' / 'hold.py'} {database} {holder}"


@pytest.mark.nightly
@pytest.mark.fault(
    kind="store locked",
    where="the SQLite database of MLflow, and of ZenML, held by another for longer than a minute",
    promise="The reason is told in words; what finished is kept, nothing is half done.",
    then="`run.py resume`",
)
@pytest.mark.parametrize(
    ("database", "step"), [("mlflow.db", "register_model"), ("zenml.db", "evaluate")]
)
def test_a_database_held_by_another_ends_the_run_in_words(
    small: Program, disk: Disk, tmp_path: Path, database: str, step: str
) -> None:
    model, holder = f"held-{Path(database).stem}", tmp_path / "holder"
    begin = words(tmp_path, model, STUMP)
    # The tables are there from the first run on.
    assert small.run(*words(tmp_path, "before", STUMP), "--no-deploy").status == 0
    (path,) = (disk.path / "stores").rglob(database)
    try:
        done = small.run(*begin, "--no-cache", at=at(step), do=holding(path, holder))
    finally:
        os.kill(int(holder.read_text()), signal.SIGKILL)
    told(done, "database is locked")
    resumed(small, model)
