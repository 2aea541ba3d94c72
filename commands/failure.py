"""From a failed run to an error that a person can act on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from serving import errors
from serving.errors import RunError, SwitchyardError, UserError, spoken

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse, StepRunResponse

# Lines of a step's log that are shown with its failure.
SHOWN = 10
# What ZenML and this program say of every failed step themselves.
OWN = re.compile(r"^(An exception has occurred|Step `|Failed to run step `|  \S+ +(done|failed) )")
INTERRUPTS = ("RunInterruptedException", "RunStoppedException", "KeyboardInterrupt")


def explain(run: PipelineRunResponse) -> BaseException:
    """What ended a failed run, as this project's own error where a step raised one."""
    failed = [step for step in run.steps.values() if step.exception_info is not None]
    if not failed:
        return RunError(
            f"The run '{run.name}' ended as {run.status} and no step says why. "
            "`--verbose` shows the log."
        )
    return explain_step(min(failed, key=lambda step: str(step.end_time)))


def explain_step(step: StepRunResponse) -> BaseException:
    """What ended a step."""
    info: Any = step.exception_info
    kind = str(info.source).rpartition(".")[2]
    if kind in INTERRUPTS:
        return KeyboardInterrupt()
    error = _own_error(kind, str(info.message))
    if error is None:
        told = spoken(info.message) or "no message"
        text = f"The step '{step.name}' failed: {kind}: {told} (`--debug` shows the traceback.)"
        error = RunError(text)
    error.step = str(step.name)
    if not isinstance(error, UserError):
        error.log = log_tail(step)
    error.add_note(f"In the step '{step.name}':\n{info.traceback}")
    return error


def log_tail(step: StepRunResponse) -> tuple[str, ...]:
    """The last lines that a step wrote, as its log was stored; none where there is no log."""
    from zenml.client import Client

    if (identity := getattr(step, "id", None)) is None:
        return ()
    try:
        held = Client().get_run_step(identity, hydrate=True).log_collection or []
        store = Client().active_stack.log_store
        said = [
            str(entry.message)
            for logs in held
            if logs.source == "step"
            for entry in store.fetch(logs, start="newest", limit=5 * SHOWN).items
        ]
    except Exception:  # It is told besides, and must not hide what happened.
        return ()
    lines = [line for text in said if not OWN.match(text) for line in text.rstrip().splitlines()]
    return tuple(lines[-SHOWN:])


def _own_error(kind: str, message: str) -> SwitchyardError | None:
    """The error of that name from `serving.errors`, or None for any other exception."""
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, SwitchyardError):
        error: SwitchyardError = known(message)
        return error
    return None
