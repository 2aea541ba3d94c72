"""How a run ends after a failure, where its orchestrator cannot end it as the pipeline asks."""

from __future__ import annotations

from typing import Any


def execution_mode() -> dict[str, Any]:
    """What overrides a pipeline's own mode; empty where the active stack knows the mode.

    Orchestrators such as Kubeflow and Airflow refuse a pipeline that is to fail at once. There a
    step whose inputs failed is never run, and the others end as they do.
    """
    from zenml.client import Client
    from zenml.enums import ExecutionMode

    known = Client().active_stack.orchestrator.supported_execution_modes
    if ExecutionMode.FAIL_FAST in known:
        return {}
    return {"execution_mode": ExecutionMode.CONTINUE_ON_FAILURE}
