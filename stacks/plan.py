"""What is registered against what a stack file wants: a pure difference of two values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from serving.errors import ConfigError
from stacks.schema import StackFile
from stacks.values import masked

Action = Literal["create", "update"]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Registration:
    """One component, as a file wants it or as ZenML has it.

    Args:
        configuration: A key whose value is None counts as absent.
    """

    type: str
    name: str
    flavor: str
    configuration: Mapping[str, object]

    @property
    def key(self) -> Key:
        """What ZenML tells components apart by."""
        return self.type, self.name


@dataclass(frozen=True, slots=True)
class State:
    """Components and stacks, wanted or registered.

    Args:
        components: By type and name.
        stacks: By name: for each component type the names in their order.
    """

    components: Mapping[Key, Registration] = field(default_factory=dict)
    stacks: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that changes; None stands for a field that is not there."""

    field: str
    old: object
    new: object

    def __str__(self) -> str:
        old, new = (_shown(self.field, value) for value in (self.old, self.new))
        return f"{self.field}: {new}" if self.old is None else f"{self.field}: {old} -> {new}"


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one component or to the stack itself.

    Args:
        kind: A component type, or "stack".
        differences: Sorted by field.
    """

    action: Action
    kind: str
    name: str
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        head = f"{self.action} {self.kind} '{self.name}'"
        return "\n".join([head, *(f"    {difference}" for difference in self.differences)])


@dataclass(frozen=True, slots=True)
class Plan:
    """Every change, in the order in which it has to be made: components first, then the stack."""

    changes: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __str__(self) -> str:
        return "\n".join(map(str, self.changes)) if self.changes else "Nothing to do."


def desired(file: StackFile) -> State:
    """What a stack file asks for."""
    components = [
        Registration(type_, each.name, each.flavor, each.configuration)
        for type_, group in file.components.items()
        for each in group
    ]
    stack = {type_: tuple(c.name for c in group) for type_, group in file.components.items()}
    return State({each.key: each for each in components}, {file.stack_name: stack})


def plan(wanted: State, registered: State) -> Plan:
    """The changes that make what is registered into what is wanted, and touch nothing else.

    Raises:
        ConfigError: A component is registered with another flavor, which ZenML cannot change.
    """
    components = [
        _component_change(wanted.components[key], registered.components.get(key))
        for key in sorted(wanted.components)
    ]
    stacks = [
        _stack_change(name, wanted.stacks[name], registered.stacks.get(name))
        for name in sorted(wanted.stacks)
    ]
    return Plan(tuple(change for change in (*components, *stacks) if change))


def _component_change(wanted: Registration, registered: Registration | None) -> Change | None:
    if registered is None:
        differences = (
            Difference("flavor", None, wanted.flavor),
            *_differences({}, wanted.configuration),
        )
        return Change("create", wanted.type, wanted.name, differences)
    if registered.flavor != wanted.flavor:
        raise ConfigError(
            f"The {wanted.type} '{wanted.name}' is registered with flavor '{registered.flavor}' "
            f"and the file wants '{wanted.flavor}'. Give it another name, or run "
            f"`zenml {wanted.type.replace('_', '-')} delete {wanted.name}` first."
        )
    found = _differences(registered.configuration, wanted.configuration)
    return Change("update", wanted.type, wanted.name, found) if found else None


def _stack_change(
    name: str,
    wanted: Mapping[str, tuple[str, ...]],
    registered: Mapping[str, tuple[str, ...]] | None,
) -> Change | None:
    found = _differences(registered or {}, wanted)
    if registered is None:
        return Change("create", "stack", name, found)
    return Change("update", "stack", name, found) if found else None


def _differences(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[Difference, ...]:
    # An empty group of components is no group.
    absent = (None, ())
    before = {key: value for key, value in old.items() if value not in absent}
    after = {key: value for key, value in new.items() if value not in absent}
    return tuple(
        Difference(key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if _canonical(before.get(key)) != _canonical(after.get(key))
    )


def _canonical(value: object) -> str:
    # As JSON: ZenML stores lists for tuples, and Python takes True for 1.
    return json.dumps(value, sort_keys=True, default=str)


def applied(changes: Plan, wanted: State, registered: State) -> State:
    """What is registered once every change is made."""
    components, stacks = dict(registered.components), dict(registered.stacks)
    for change in changes.changes:
        if change.kind == "stack":
            stacks[change.name] = wanted.stacks[change.name]
        else:
            components[change.kind, change.name] = wanted.components[change.kind, change.name]
    return replace(registered, components=components, stacks=stacks)


def _shown(key: str, value: object) -> str:
    return _canonical(masked(key, value))
