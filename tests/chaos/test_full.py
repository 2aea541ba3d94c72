"""The disk that holds everything of a run is full, from a step on: stores, records, the server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.disk import Disk, disk_at
from tests.integration.failures.conftest import Program
from tests.integration.failures.test_killed import agree, at, words
from tests.integration.tumours import STUMP
from tests.workplace import Workplace


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """A small disk."""
    with disk_at(tmp_path_factory.mktemp("small") / "disk", 100) as found:
        yield found


@pytest.fixture(scope="module")
def small(disk: Disk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program in a place on it."""
    place = Workplace(disk.path)
    started = Program(place, tmp_path_factory.mktemp("told"))
    assert started.run("stack", "set", "local").status == 0
    yield started
    started.close()
    place.stop_servers()


def full_from(small: Program, disk: Disk, begin: list[str], step: str) -> None:
    """Fill the disk when a step begins; the run fails in words."""
    done = small.run(*begin, at=at(step), do=disk.fill_command)
    disk.free()
    assert done.status == 1, (step, done.output, done.errors)
    for part in ("Traceback", "[SQL", "UPDATE ", "INSERT "):
        assert part not in done.errors, (step, done.errors)
    assert "No space left" in done.errors or "disk is full" in done.errors, (step, done.errors)


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
    assert small.run("resume").status == 0
    agree(small.books("one"), "1", ["1"])


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
    begin = words(tmp_path, "each", STUMP)
    steps = ("load_table", "validate", "split_rows", "train_stump", "compare", "register_model")
    for number, step in enumerate((*steps, "promote", "deploy")):
        full_from(small, disk, ["resume"] if number else begin, step)
    assert small.run("resume").status == 0
    agree(small.books("each"), "1", ["1"])
