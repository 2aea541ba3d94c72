"""A run that is cut off leaves nothing half done, and the next one goes on from it."""

import re
import signal
import subprocess

import pytest

from tests.integration.inspection import computed
from tests.integration.tumours import MODEL, SLOW, STUMP, write_config
from tests.workplace import Workplace

BEFORE_SLOW = re.compile(r"train_stump +(done|cached)")


def cut_off(place: Workplace, words: list[str], how: signal.Signals) -> tuple[int, str]:
    """Send a signal while the slow candidate is trained; the status and what was told."""
    process = place.start(*words)
    assert process.stdout
    for line in process.stdout:
        if BEFORE_SLOW.search(line):
            break
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.send_signal(how)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


@pytest.fixture(scope="module")
def words(shared_workplace: Workplace, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A training with a candidate that takes some seconds, and one before it that does not."""
    folder = tmp_path_factory.mktemp("configs")
    config = write_config(folder, "slow", STUMP, SLOW, ensemble={"enabled": False})
    assert shared_workplace.run("stack", "set", "local").status == 0
    return ["--config", config]


@pytest.mark.fault(
    kind="kill -9",
    where="a training, within a step; Ctrl-C too",
    promise="Nothing is registered; `status` tells of it with the way on.",
    then="`run.py resume`",
)
def test_ctrl_c_registers_nothing_and_kill_neither(
    shared_workplace: Workplace, words: list[str]
) -> None:
    """Interrupted twice, by hand and by force, `resume` then completes with what had finished."""
    status, errors = cut_off(shared_workplace, words, signal.SIGINT)
    assert status == 130
    assert errors.startswith("interrupted: ")
    assert "Traceback" not in errors
    told = shared_workplace.run("history", "--model", MODEL)
    assert (told.status, told.output) == (2, "")
    assert "None is known" in told.errors

    status, _ = cut_off(shared_workplace, words, signal.SIGKILL)
    assert status == -signal.SIGKILL

    told = shared_workplace.run("status")
    assert told.output.count("interrupted in train_thorough. `python run.py resume ") == 1

    done = shared_workplace.run("resume", "--json").document
    assert (done["version"], done["champion"]) == ("1", "1")
    assert done["endpoint"]["version"] == "1"
    assert computed(done) == {
        "train_thorough", "evaluate", "compare", "register_model", "promote"
    }  # fmt: skip
    told = shared_workplace.run("resume")
    assert (told.status, told.output) == (2, "")
    assert "nothing to resume" in told.errors
