"""Telling somebody: by the stack's alerter, else a webhook, else the log."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serving.errors import RunError

if TYPE_CHECKING:
    from zenml.alerter import BaseAlerter

WEBHOOK = "SWITCHYARD_ALERT_WEBHOOK"
SECONDS = 10.0


def headline(verdict: Mapping[str, Any], reason: str) -> str:
    """What an alert says."""
    who = f"{verdict['model']} version {verdict['version']}"
    return f"{who}: {verdict['outcome']}. {verdict['reasons'][0]} {reason}"


def alert(text: str, verdict: Mapping[str, Any]) -> str:
    """Tell somebody: the stack's alerter, else the webhook, else the log. Says which.

    Raises:
        RunError: The alerter or the webhook does not take it.
    """
    if sent := send(text, verdict=verdict):
        return sent
    print(f"alert: {text}", file=sys.stderr, flush=True)
    return "log"


def send(text: str, **facts: Any) -> str:
    """Tell the stack's alerter, else the webhook; says which, or nothing where there is none.

    Raises:
        RunError: The alerter or the webhook does not take it.
    """
    from zenml.client import Client

    alerter = Client().active_stack.alerter
    if alerter is not None:
        _hand_over(alerter, text)
        return f"alerter {alerter.name}"
    if url := os.environ.get(WEBHOOK):
        _post(url, {"text": text, **facts})
        return "webhook"
    return ""


def _hand_over(alerter: BaseAlerter, text: str) -> None:
    kind = ""
    try:
        # ZenML's own alerters log what went wrong and return False.
        taken = alerter.post(text)
    except Exception as error:  # Of its client's own package, and maybe with a token in it.
        taken, kind = False, f" ({type(error).__name__})"
    if not taken:
        raise RunError(
            f"The stack's alerter '{alerter.name}' of the flavor '{alerter.flavor}' did not take "
            f"the alert{kind}."
        )


def _post(url: str, body: Mapping[str, Any]) -> None:
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
