"""Which steps share a pod: one costs a cluster half a minute a level before its first line.

A step whose name fits a pattern has a pod of its own, and runs beside its equals. All others share
one pod between those: what no such step precedes, what follows the first level of them, and so on.
The graph that ZenML records stays the one of the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from serving.errors import ConfigError

Upstream = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Group:
    """Steps that one pod runs in this order, after other groups."""

    name: str
    steps: tuple[str, ...]
    after: tuple[str, ...]


def grouped(upstream: Upstream, alone: Sequence[str]) -> list[Group]:
    """The groups of a graph, in an order in which they can run.

    Args:
        upstream: The steps that each step waits for, in an order in which they can run.
        alone: Patterns of the names of steps that have a pod of their own.
    """
    own = {step for step in upstream if any(fnmatchcase(step, each) for each in alone)}
    level: dict[str, int] = {}
    for step, before in upstream.items():
        level[step] = max((level[each] + (each in own) for each in before), default=0)
    members: dict[tuple[str, int], list[str]] = {}
    for step in upstream:
        members.setdefault((step if step in own else "", level[step]), []).append(step)
    of = {step: name_of(steps) for steps in members.values() for step in steps}
    # Between two levels the shared pod comes first: what is alone on a level follows it.
    order = sorted(members, key=lambda key: (key[1], key[0] != ""))
    return [_group(members[key], upstream, of) for key in order]


def name_of(steps: Sequence[str]) -> str:
    """What a pod is called: its step, or its first and its last."""
    return steps[0] if len(steps) == 1 else f"{steps[0]}_to_{steps[-1]}"


def _group(steps: Sequence[str], upstream: Upstream, of: Mapping[str, str]) -> Group:
    own = of[steps[0]]
    before = dict.fromkeys(of[each] for step in steps for each in upstream[step])
    return Group(own, tuple(steps), tuple(each for each in before if each != own))


class GroupedSnapshot:
    """A snapshot whose steps are groups, for ZenML's own compilation.

    All but the steps is that of the snapshot itself.
    """

    def __init__(self, snapshot: Any, groups: Sequence[Group]) -> None:
        self.whole = snapshot
        self.groups = {group.name: group for group in groups}
        self.step_configurations = {group.name: self._step(group) for group in groups}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def members(self, group: str) -> dict[str, Any]:
        """The steps of a group as they are configured, in their order."""
        return {step: self.whole.step_configurations[step] for step in self.groups[group].steps}

    def one_image(self, group: str, image: Callable[[str], str]) -> str:
        """The image that all steps of a group run in.

        Raises:
            ConfigError: They do not run in one.
        """
        images = {step: image(step) for step in self.groups[group].steps}
        if len(set(images.values())) > 1:
            last = next(reversed(images))
            raise ConfigError(
                f"The steps of the pod '{group}' run in different images: name '{last}' in "
                "`alone` of the orchestrator's configuration."
            )
        return next(iter(images.values()))

    def _step(self, group: Group) -> Any:
        first = self.whole.step_configurations[group.steps[0]]
        spec = first.spec.model_copy(update={"upstream_steps": list(group.after)})
        return first.model_copy(update={"spec": spec})


def grouped_snapshot(snapshot: Any, alone: Sequence[str]) -> GroupedSnapshot:
    """A snapshot with its steps dealt to pods."""
    configured = snapshot.step_configurations
    upstream = {name: step.spec.upstream_steps for name, step in configured.items()}
    return GroupedSnapshot(snapshot, grouped(upstream, alone))


def together(environments: Mapping[str, Mapping[str, str]], group: Group) -> dict[str, str]:
    """The environment of a pod: what its steps ask for, which must not contradict each other.

    Raises:
        ConfigError: It does.
    """
    found: dict[str, str] = {}
    for step in group.steps:
        for name, value in environments[step].items():
            if found.setdefault(name, value) != value:
                raise ConfigError(
                    f"The steps of the pod '{group.name}' ask for different values of {name}: name "
                    f"'{step}' in `alone` of the orchestrator's configuration."
                )
    return found


def most_retried(asked: Iterable[Any]) -> Any | None:
    """The retries of a pod: those of the step that has most; none where no step has any."""
    return max(filter(None, asked), key=lambda retry: retry.max_retries, default=None)
