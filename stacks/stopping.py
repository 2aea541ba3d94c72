"""The end of a run that its user interrupts, wherever its steps are."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse


def stop(run: PipelineRunResponse) -> None:
    """End the steps of a run where they are carried out, and the run in ZenML's books.

    Raises:
        Exception: Whatever its orchestrator says to that.
    """
    from zenml.client import Client
    from zenml.enums import ExecutionStatus, StackComponentType
    from zenml.exceptions import IllegalOperationError
    from zenml.models import PipelineRunUpdate
    from zenml.stack import StackComponent

    if run.stack is None:
        raise ValueError("its stack is gone")
    held = run.stack.components[StackComponentType.ORCHESTRATOR]
    orchestrator: Any = StackComponent.from_model(held[0])
    # ZenML's own way refuses a run of which no pod has yet said what it is called there.
    with suppress(IllegalOperationError):
        # It may have ended by itself meanwhile; pods of it may be there all the same.
        stopping = PipelineRunUpdate(status=ExecutionStatus.STOPPING)
        Client().zen_store.update_run(run.id, stopping)
    orchestrator._stop_run(run)
