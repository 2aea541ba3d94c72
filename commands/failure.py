"""From a failed run to an error that a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serving import errors
from serving.errors import RunError, SwitchyardError

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse, StepRunResponse

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
        told = str(info.message) or "no message"
        text = f"The step '{step.name}' failed: {kind}: {told} (`--debug` shows the traceback.)"
        error = RunError(text)
    error.add_note(f"In the step '{step.name}':\n{info.traceback}")
    return error


def _own_error(kind: str, message: str) -> SwitchyardError | None:
    """The error of that name from `serving.errors`, or None for any other exception."""
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, SwitchyardError):
        error: SwitchyardError = known(message)
        return error
    return None
