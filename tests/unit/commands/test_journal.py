"""What is known of a run when its process is gone."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from commands import journal
from commands.journal import Entry, choose, entries, new
from commands.resume import differences, refusal
from commands.train import digest, stack_identity
from serving.errors import RunError, UserError
from tests.unit.pipelines.test_attempts import config

ROOT = Path(__file__).resolve().parents[3]
# A run that begins, says so, and never ends.
ENDLESS = """
import sys, time
from commands.journal import new
entry = new({"model": "m", "fingerprint": ""})
with entry.held():
    entry.begin("training", "training-1")
    print(entry.name, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the journal is kept."""
    monkeypatch.setenv("SWITCHYARD_HOME", str(tmp_path))
    return tmp_path


def carried_out(model: str = "m", error: BaseException | None = None, **about: Any) -> Entry:
    """A run of this process that has ended."""
    entry = new({"model": model, "fingerprint": "", **about})
    with suppress(RunError, KeyboardInterrupt), entry.held():
        entry.begin("training", f"training-{entry.name}")
        if error:
            raise error
    return entry


def test_a_run_lives_as_long_as_its_process_and_not_longer() -> None:
    """Killed with -9 it says `running` still, and nobody holds it: it can be gone on with."""
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    name = process.stdout.readline().strip()
    (entry,) = entries()
    assert (entry.name, entry.state, entry.alive) == (name, "running", True)
    with pytest.raises(RunError, match=rf"{name} is alive: process {process.pid}"):
        choose(None)
    with pytest.raises(RunError, match="another process"), entry.held():
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert (entry.state, entry.alive) == ("running", False)
    assert choose(None).name == choose("training-1").name == name


@pytest.mark.parametrize(
    ("error", "state"),
    [(KeyboardInterrupt(), "interrupted"), (RunError("The disk is full."), "failed")],
)
def test_a_run_that_did_not_finish_can_be_gone_on_with(error: BaseException, state: str) -> None:
    """What ended it is kept."""
    entry = carried_out(error=error)
    assert (choose(None).name, entry.state, entry.alive) == (entry.name, state, False)
    assert entry.told["why"]


def test_there_is_nothing_to_resume_after_a_run_that_completed() -> None:
    """Neither before any run, nor of a name that no run has."""
    with pytest.raises(UserError, match="nothing to resume"):
        choose(None)
    done = carried_out()
    with pytest.raises(UserError, match=f"The last run, {done.name}, has completed"):
        choose(None)
    with pytest.raises(UserError, match="has completed"):
        choose(done.name)
    with pytest.raises(UserError, match=f"no run '{done.name}x'.*'{done.name}'"):
        choose(f"{done.name}x")


def test_a_later_run_of_the_same_model_overtakes_an_unfinished_one() -> None:
    """To go on with the older one would put an older model in its place; other models' stay."""
    left, other = carried_out(error=RunError("x")), carried_out("other", RunError("x"))
    carried_out()
    assert choose(None).name == other.name
    with pytest.raises(UserError, match="'m' was trained again since"):
        choose(left.name)


@pytest.mark.fault(
    kind="clock jumped",
    where="a training begins after the clock was set back, behind one that did not finish",
    promise="The latest run is the one that began last, whatever the clock says.",
    then="`run.py resume`",
)
def test_the_run_that_began_last_is_the_latest_whatever_the_clock_says(home: Path) -> None:
    """Names rise, also within a second; a file of another's name is in nobody's way."""
    ahead = carried_out("ahead", error=RunError("x"))
    later = ahead.path.with_name("29991231-235959-0000.json")
    ahead.path.rename(later)
    (home / "runs" / "note.json").write_text("{}")
    names = [carried_out(model, error=RunError("x")).name for model in ("first", "second")]
    assert [later.stem, *names] == sorted([later.stem, *names])
    assert choose(None).name == names[-1]


def test_a_command_that_fails_before_any_pipeline_leaves_nothing(home: Path) -> None:
    """There is nothing to resume after a mistyped stack."""
    entry = new({"model": "m"})
    with pytest.raises(UserError), entry.held():
        raise UserError("There is no stack 'lokal'.")
    assert list((home / "runs").iterdir()) == []


def test_nobody_else_may_read_what_a_run_is_about() -> None:
    """A config may name hosts and tables."""
    entry = carried_out()
    assert entry.path.stat().st_mode & 0o077 == 0


def test_code_that_changed_meanwhile_is_told_by_its_files() -> None:
    """Finished steps are taken over from the code that computed them, or not at all."""
    from commands.job import Job

    identity = digest(stack_identity("local") or "")
    job = Job(config(), "", "own data", "local", True, True, "", "", identity)
    entry = carried_out(error=RunError("x"), **job.told())
    assert differences(entry, job) == []
    code = journal.code_digests()
    entry.told["code"] = {**code, "steps/data/split.py": "other", "steps/gone.py": "other"}
    changed = differences(entry, job)
    assert changed == ["steps/data/split.py", "steps/gone.py"]
    told = refusal(entry, changed)
    assert "steps/data/split.py, steps/gone.py" in told
    assert "--force" in told
