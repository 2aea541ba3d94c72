"""The end of a run whose pods can no longer tell it themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from stacks.flavors.kubeflow.watch import ENDED, OVER, SUCCEEDED, Look


def outcome_of(seen: Look) -> str:
    """Why a run that has failed has failed."""
    said = f" ({seen.reason})" if seen.reason else ""
    open_steps = sorted(name for name, status in seen.steps.items() if status not in OVER)
    if seen.kubeflow in ENDED and seen.zenml not in OVER:
        which = f" while {', '.join(open_steps)} was at work" if open_steps else ""
        ended = "ended the run" if seen.kubeflow == SUCCEEDED else f"says {seen.kubeflow}"
        return f"Kubeflow {ended}{said} and ZenML heard nothing of it: a pod died{which}."
    return f"The run failed: Kubeflow says {seen.kubeflow}{said}, ZenML says {seen.zenml}."


def close(run: UUID, reason: str, status: str = "failed") -> None:
    """End a run in ZenML's books, and each of its steps that has begun and not ended."""
    from zenml.client import Client
    from zenml.enums import ExecutionStatus
    from zenml.models import PipelineRunUpdate, StepRunUpdate
    from zenml.models.v2.misc.exception_info import ExceptionInfo

    store, word = Client().zen_store, ExecutionStatus(status)
    info = ExceptionInfo(traceback=reason, source="serving.errors.RunError", message=reason)
    for step in Client().list_run_steps(pipeline_run_id=run, size=500, hydrate=False).items:
        if not step.status.is_finished:
            ended = StepRunUpdate(status=word, end_time=datetime.now(UTC), exception_info=info)
            store.update_run_step(step.id, ended)
    if not store.get_run(run, hydrate=False).status.is_finished:
        store.update_run(run, PipelineRunUpdate(status=word, status_reason=reason[:255]))
