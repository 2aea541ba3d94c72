"""What a run is told beside its pipeline, so that it goes alike wherever its steps run."""

from __future__ import annotations

import os
from typing import Any

# What the mathematical libraries read to choose their code. Without them each processor gets its
# own, and the last digits of a sum are its own too.
MATHS = ("MKL_CBWR", "NPY_DISABLE_CPU_FEATURES", "OPENBLAS_CORETYPE")


def maths() -> dict[str, str]:
    """The variables here that decide how steps calculate, for containers that have none of them."""
    return {name: os.environ[name] for name in MATHS if name in os.environ}


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
