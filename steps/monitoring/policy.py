"""What a verdict leads to, and what keeps that from becoming a storm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from steps.monitoring.settings import Act, PolicySettings
from steps.monitoring.verdict import Outcome


@dataclass(frozen=True, slots=True)
class Action:
    """What is to be done about a verdict, and why."""

    act: Act
    reason: str


def action_of(
    outcome: Outcome, policy: PolicySettings, retrained: Sequence[datetime], now: datetime
) -> Action:
    """What the policy says of a verdict.

    A retraining that comes too soon after another, or would be one too many, becomes an alert.

    Args:
        retrained: When retrainings began.
    """
    if outcome not in ("drift", "degraded"):
        return Action("nothing", f"The verdict is {outcome}.")
    asked: Act = policy.drift if outcome == "drift" else policy.degraded
    if asked != "retrain":
        return Action(asked, f"The policy for {outcome} is {asked}.")
    held = held_back(policy, retrained, now)
    return Action("alert", held) if held else Action("retrain", f"The policy for {outcome}.")


def held_back(policy: PolicySettings, retrained: Sequence[datetime], now: datetime) -> str:
    """Why no retraining may begin now; empty where one may."""
    rest = timedelta(hours=policy.cooldown_hours)
    # What lies further ahead than that was noted by a clock that was wrong. What lies a little
    # ahead was noted by another machine, and counts.
    last = max((each for each in retrained if abs(now - each) < rest), default=None)
    if last is not None:
        again = (last + rest).isoformat(timespec="minutes")
        return (
            f"No retraining before {again}: the last one began less than "
            f"{policy.cooldown_hours:g} hours ago (monitoring.policy.cooldown_hours)."
        )
    span = timedelta(days=policy.cap_days)
    recent = [each for each in retrained if abs(now - each) < span]
    if len(recent) >= policy.cap:
        return (
            f"No more than {policy.cap} retrainings in {policy.cap_days:g} days "
            "(monitoring.policy.cap): somebody should look."
        )
    return ""
