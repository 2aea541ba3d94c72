"""Who acts on a verdict now, where several look at the same model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from steps.monitoring.policy import Action, action_of, held_back
from steps.monitoring.settings import PolicySettings
from steps.monitoring.verdict import Outcome
from steps.registry.claims import claim, retrainings

if TYPE_CHECKING:
    from steps.registry.registry import Registry


def choose(registry: Registry, model: str, outcome: Outcome, policy: PolicySettings) -> Action:
    """What is to be done; a retraining is claimed, so that no other begins one too."""
    now = datetime.now(UTC)
    action = action_of(outcome, policy, retrainings(registry, model), now)
    if action.act != "retrain":
        return action
    may_begin = lambda times: not held_back(policy, times, now)  # noqa: E731
    if claim(registry, model, now, may_begin, why=outcome):
        return action
    return Action("nothing", "Another process has begun to retrain this model.")
