"""The wall clock is set, back and forth, between runs and while they run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.clock import Clock
from tests.integration.failures.conftest import Program, program_in
from tests.integration.failures.test_killed import KILLED, agree, at, words
from tests.integration.tumours import LINEAR, STUMP
from tests.workplace import Workplace

HOUR, DAY = 3600, 86_400
# Python sleeps until a moment of the clock that only runs on, which libfaketime refuses.
SLEEP = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    """What the program's clock is set by."""
    return Clock(tmp_path_factory.mktemp("clock") / "offset")


@pytest.fixture(scope="module")
def timed(clock: Clock, shared_workplace: Workplace) -> Iterator[Program]:
    """The program under that clock."""
    (clock.path.parent / "sitecustomize.py").write_text(SLEEP)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(clock.path.parent))
        for name, value in clock.environment.items():
            patched.setenv(name, value)
        with program_in(shared_workplace) as started:
            yield started


@pytest.mark.nightly
@pytest.mark.fault(
    kind="clock jumped",
    where="a day back between two runs, three hours ahead in the middle of one",
    promise="The run that began last is gone on with; champion and history are as with one clock.",
    then="`run.py resume`",
)
def test_runs_are_told_by_their_order_whatever_the_clock_says(
    timed: Program, clock: Clock, tmp_path: Path
) -> None:
    other = timed.run(*words(tmp_path, "other", STUMP), kill=at("evaluate"))
    assert other.status == KILLED, other.errors
    clock.set(-DAY)
    begin = words(tmp_path, "mine", STUMP)
    assert timed.run(*begin, kill=at("evaluate")).status == KILLED
    first = timed.run("resume", "--json").document
    assert (first["model"], first["version"], first["champion"]) == ("mine", "1", "1")
    ahead = f"echo +{3 * HOUR} > {clock.path}"
    second = timed.run(
        *words(tmp_path, "mine", LINEAR), "--json", at=at("register_model"), do=ahead
    )
    assert second.status == 0, second.errors
    assert (second.document["champion"], second.document["endpoint"]["version"]) == ("2", "2")
    clock.set(0)
    back = timed.run("rollback", "--model", "mine", "--json")
    assert back.document["champion"] == "1", back.errors
    agree(timed.books("mine"), "1", ["1", "2"], moves=["1", "2", "1"])
    # What was left behind before the clock was set is known still.
    last = timed.run("resume", "--json").document
    assert (last["model"], last["champion"]) == ("other", "1")
