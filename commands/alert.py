"""Telling somebody who is not at the terminal."""

from __future__ import annotations

import os
import sys
from typing import Any

from serving.errors import RunError, SwitchyardError

WEBHOOK = "SWITCHYARD_ALERT_WEBHOOK"
SECONDS = 10.0


def send(text: str, **facts: Any) -> str:
    """Tell the stack's alerter, else the webhook; says which, or nothing where there is none.

    Raises:
        RunError: The webhook does not take it.
    """
    from zenml.client import Client

    alerter = Client().active_stack.alerter
    if alerter is not None:
        alerter.post(text)
        return f"alerter {alerter.name}"
    if url := os.environ.get(WEBHOOK):
        _post(url, {"text": text, **facts})
        return "webhook"
    return ""


def send_failure(model: str, run: str, error: SwitchyardError) -> None:
    """Tell of a run that failed; an alert that cannot be sent takes nothing from the message."""
    text = f"{model}: the run {run} failed. {error.told()}"
    facts = {"run": run, "model": model, "step": error.step, "log": list(error.log)}
    try:
        send(text, failure={**facts, "error": str(error)})
    except Exception as untold:
        what = str(untold) if isinstance(untold, RunError) else type(untold).__name__
        print(f"The alert was not sent: {what}", file=sys.stderr, flush=True)


def _post(url: str, body: dict[str, Any]) -> None:
    import httpx

    try:
        answer = httpx.post(url, json=body, timeout=SECONDS)
    except httpx.HTTPError as error:
        # Its URL may hold a token.
        raise RunError(
            f"The webhook of {WEBHOOK} was not reached: {type(error).__name__}."
        ) from None
    if answer.is_error:
        raise RunError(f"The webhook of {WEBHOOK} answers {answer.status_code}.")
