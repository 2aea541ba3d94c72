"""Runs that did not finish: closed where their process is gone, and told where one looks."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from commands import journal
from commands.journal import INTERRUPTED, RUNNING, UNFINISHED, Entry
from serving.errors import RunError, UserError, spoken
from stacks.closing import HERE, carrier

if TYPE_CHECKING:
    from rich.console import Console
    from zenml.models import PipelineRunResponse

KILLED = "The process that carried it out was killed."
LOAD, REGISTER = "load_table", "register_model"


def close_dead(wanted: Entry | None = None, *, force: bool = False) -> None:
    """End the runs in ZenML's books whose process is gone.

    Args:
        wanted: The run to go on with.
        force: Take its steps for dead, wherever they run.

    Raises:
        RunError: The steps of the wanted run may live on without the process.
    """
    for entry in journal.entries():
        asked = wanted is not None and entry.name == wanted.name
        mine = entry.told.get("host") == socket.gethostname()
        # One that failed may have been kept from saying so to ZenML: it is looked at on going on.
        if not (entry.state == RUNNING or asked) or entry.alive or not (mine or asked):
            continue
        left = [run for run in _runs(entry) if not run.status.is_finished]
        away = [run for run in left if carrier(run) != HERE]
        if away and not (asked and force):
            if asked:
                raise RunError(_alive_elsewhere(entry, away[0]))
            continue
        steps = [step for run in left for step in _close(run)]
        if entry.state == RUNNING:
            entry.end(INTERRUPTED, KILLED, ", ".join(steps))
        if asked and wanted is not None:
            wanted.told = entry.told


@contextmanager
def stopped_by_hand(name: str, console: Console) -> Iterator[None]:
    """End the run of that name with the body that is interrupted: its steps may not be here."""
    try:
        yield
    except KeyboardInterrupt:
        try:
            _stop(name)
        except Exception as error:
            told = f"the steps of {name} may live on, since they could not be ended: "
            console.print(told + spoken(error), markup=False, highlight=False, soft_wrap=True)
        raise


def require_table(asked: str, entry: Entry, earlier: PipelineRunResponse | None) -> None:
    """Refuse a table that has changed, unless it was read before.

    Args:
        asked: The fingerprint of the table as it is now.

    Raises:
        UserError: The run would compute from another table than it began with.
    """
    steps = earlier.steps if earlier is not None else {}
    if asked == entry.told["fingerprint"] or (LOAD in steps and steps[LOAD].status.is_successful):
        return
    raise UserError(
        f"The table has changed since the run {entry.name} began, and it had not been read yet. "
        "`python run.py` trains on it as it is now; `resume --force` goes on with it."
    )


def lines(model: str | None = None) -> Iterator[str]:
    """One line for each run that did not finish, or is not finished yet."""
    for entry in journal.entries():
        if entry.state not in UNFINISHED or model not in (None, entry.told["model"]):
            continue
        when = entry.told["began"][:19].replace("T", " ")
        head = f"{when} UTC  run {entry.name} of '{entry.told['model']}'"
        if entry.alive:
            yield f"{head} is running: process {entry.told['pid']}."
            continue
        where = f" in {step}" if (step := entry.told.get("step")) else ""
        state = INTERRUPTED if entry.state == RUNNING else entry.state
        yield f"{head} {state}{where}. `python run.py resume {entry.name}` goes on with it."


def _runs(entry: Entry) -> list[PipelineRunResponse]:
    from commands.execution import find_run

    found = (find_run(name) for name in entry.told["runs"].values())
    return [run for run in found if run is not None]


def _stop(name: str) -> None:
    from commands.execution import find_run
    from stacks.stopping import stop
    from steps.registry.recording import abandon
    from steps.registry.tracking import open_registry

    run = find_run(name)
    # ZenML itself ends a step of this process, and the next command its run.
    if run is None or run.status.is_finished or carrier(run) == HERE:
        return
    registering = REGISTER in run.steps and not run.steps[REGISTER].status.is_finished
    stop(run)
    if registering:
        abandon(open_registry().client, name)


def _close(run: PipelineRunResponse) -> list[str]:
    """End a run here and in MLflow; the steps that were at work."""
    from stacks.closing import close
    from steps.registry.recording import abandon
    from steps.registry.tracking import open_registry

    steps = close(run.id, KILLED)
    if REGISTER in steps:
        abandon(open_registry().client, str(run.name))
    return steps


def _alive_elsewhere(entry: Entry, run: PipelineRunResponse) -> str:
    return (
        f"The run {entry.name} may be alive: its steps run on '{carrier(run)}' "
        f"and need no process here, and ZenML says that '{run.name}' is {run.status}. Wait for its "
        "end; where nothing runs there any more, `resume --force` takes it for dead."
    )
