"""The end of a run that can no longer tell it itself, in ZenML's books."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

# Its steps are this process; those of any other orchestrator may live without it.
HERE = "local"


def carrier(run: PipelineRunResponse) -> str:
    """The flavor of the orchestrator that carries a run out; empty where its stack is gone."""
    from zenml.enums import StackComponentType

    if run.stack is None:
        return ""
    held = run.stack.components[StackComponentType.ORCHESTRATOR]
    return str(held[0].flavor_name)


def close(run: UUID, reason: str, status: str = "failed") -> list[str]:
    """End a run, and each of its steps that has begun and not ended; the names of those steps."""
    from zenml.client import Client
    from zenml.enums import ExecutionStatus
    from zenml.exceptions import IllegalOperationError
    from zenml.models import PipelineRunUpdate

    store, word = Client().zen_store, ExecutionStatus(status)
    steps = Client().list_run_steps(pipeline_run_id=run, size=500, hydrate=False).items
    still_open = [step for step in steps if not step.status.is_finished]
    for step in still_open:
        end_step(step.id, reason, status)
    status_now = store.get_run(run, hydrate=False).status
    kept = status_now if status_now.is_finished else word
    try:
        store.update_run(run, PipelineRunUpdate(status=kept, status_reason=reason[:255]))
    except IllegalOperationError:
        # What carries the run out may see its end, and close it, between the two.
        if not store.get_run(run, hydrate=False).status.is_finished:
            raise
    return sorted(step.name for step in still_open)


def claim(run: UUID, orchestrator_run: str) -> None:
    """Say which of the orchestrator's runs a run is, where none of its steps has said so yet.

    A step that begins after the run was closed would otherwise not find it, and make another.
    """
    from zenml.client import Client
    from zenml.models import PipelineRunUpdate

    store = Client().zen_store
    if not store.get_run(run).orchestrator_run_id:
        store.update_run(run, PipelineRunUpdate(orchestrator_run_id=orchestrator_run))


def closed_as(run: UUID, key: str) -> str:
    """Which of the orchestrator's runs a run is, where that was claimed; empty where it was not.

    Args:
        key: Under which ZenML's record of the run says what it is called there.
    """
    from zenml.client import Client

    held = Client().zen_store.get_run(run)
    known = held.orchestrator_run_id or ""
    return known if known == held.run_metadata.get(key) else ""


def end_step(step: UUID, reason: str, status: str = "failed") -> None:
    """End a step, which then is not tried again."""
    from zenml.client import Client
    from zenml.enums import ExecutionStatus
    from zenml.exceptions import IllegalOperationError
    from zenml.models import StepRunUpdate
    from zenml.models.v2.misc.exception_info import ExceptionInfo

    info = ExceptionInfo(traceback=reason, source="serving.errors.RunError", message=reason)
    store, now = Client().zen_store, datetime.now(UTC)
    # What a step itself said of its failure is kept.
    said = store.get_run_step(step, hydrate=True).exception_info
    update = StepRunUpdate(
        status=ExecutionStatus(status), end_time=now, exception_info=said or info
    )
    try:
        status_now = store.update_run_step(step, update).status
    except IllegalOperationError:
        if not store.get_run_step(step, hydrate=False).status.is_finished:
            raise
        # It has ended by itself meanwhile, and has said how.
        return
    if status_now == ExecutionStatus.RETRYING:
        # ZenML takes a failed step that may be tried again for one that will be.
        stopped = ExecutionStatus.STOPPED
        store.update_run_step(step, StepRunUpdate(status=stopped, end_time=now))
