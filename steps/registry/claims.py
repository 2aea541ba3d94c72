"""Who may retrain a model now: one at a time, on whichever machine it runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any

from steps.registry.lock import one_writer
from steps.registry.registry import Registry

RETRAININGS = "retrainings"
KEPT = 50


def retrainings(registry: Registry, model: str) -> list[datetime]:
    """When retrainings of a model began, oldest first."""
    return [datetime.fromisoformat(each["at"]) for each in _read(registry, model)]


def last_reason(registry: Registry, model: str) -> str:
    """What the retraining followed that began last; empty where nobody has said."""
    return str(_read(registry, model)[-1:][0].get("why", "")) if _read(registry, model) else ""


def claim(
    registry: Registry,
    model: str,
    now: datetime,
    may_begin: Callable[[Sequence[datetime]], bool],
    why: str = "",
) -> bool:
    """Note that a retraining begins, unless another one has begun in the meantime.

    The lock keeps the processes of one machine apart. Those of two machines write one after the
    other: whoever finds another's note in place of its own has lost.

    Args:
        may_begin: Whether one may begin after those that began at these times.
        why: What it follows, for whoever carries it out.
    """
    mine = {"at": now.isoformat(), "by": token_hex(8), "why": why}
    with one_writer(registry.tracking_uri):
        held = _read(registry, model)
        if not may_begin([datetime.fromisoformat(each["at"]) for each in held]):
            return False
        text = json.dumps([*held, mine][-KEPT:])
        registry.client.set_registered_model_tag(model, RETRAININGS, text)
        return _read(registry, model)[-1:] == [mine]


def _read(registry: Registry, model: str) -> list[dict[str, Any]]:
    tags = registry.require_model(model).tags or {}
    found: list[dict[str, Any]] = json.loads(tags.get(RETRAININGS, "[]"))
    return found
