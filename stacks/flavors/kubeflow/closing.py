"""Why a run has ended whose pods can no longer tell it themselves."""

from __future__ import annotations

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
