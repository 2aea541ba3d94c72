"""Telling somebody who is not at the terminal."""

from __future__ import annotations

import sys

from serving.errors import RunError, SwitchyardError
from steps.monitoring.alerts import send


def send_failure(model: str, run: str, error: SwitchyardError) -> None:
    """Tell of a run that failed; an alert that cannot be sent takes nothing from the message."""
    text = f"{model}: the run {run} failed. {error.told()}"
    facts = {"run": run, "model": model, "step": error.step, "log": list(error.log)}
    try:
        send(text, failure={**facts, "error": str(error)})
    except Exception as untold:
        what = str(untold) if isinstance(untold, RunError) else type(untold).__name__
        print(f"The alert was not sent: {what}", file=sys.stderr, flush=True)
