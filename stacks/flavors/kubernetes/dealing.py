"""A pipeline's steps dealt to pods, as both the client and the pod that starts them see it."""

from __future__ import annotations

from typing import Any

from stacks.flavors.dealing.groups import GroupedSnapshot, grouped_snapshot, most_retried, together


def dealt_snapshot(snapshot: Any, alone: tuple[str, ...]) -> GroupedSnapshot:
    """A snapshot whose steps are pods, each with what all of its steps ask for.

    Raises:
        ConfigError: The steps of a pod contradict each other.
    """
    dealt = grouped_snapshot(snapshot, alone)
    for name, group in dealt.groups.items():
        members = {step: each.config for step, each in dealt.members(name).items()}
        changes = {
            "environment": together({s: c.environment for s, c in members.items()}, group),
            "retry": most_retried(config.retry for config in members.values()),
        }
        pod = dealt.step_configurations[name]
        config = pod.config.model_copy(update=changes)
        dealt.step_configurations[name] = pod.model_copy(update={"config": config})
    return dealt
