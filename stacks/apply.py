"""Make ZenML's stacks what their files say; nothing else in the project changes a ZenML stack."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from serving.errors import ConfigError, near_miss
from stacks.configuration import settled
from stacks.flavors import SOURCES
from stacks.plan import Change, Key, Plan, Registration, State, desired, plan
from stacks.schema import StackFile

if TYPE_CHECKING:
    from zenml.models import ComponentResponse, StackResponse


def registered_stacks() -> list[str]:
    """The names of every stack that ZenML has."""
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    return sorted(stack.name for stack in depaginate(Client().list_stacks))


def active_stack_name() -> str:
    """The name of the stack that a pipeline would run on now."""
    from zenml.client import Client

    name: str = Client().active_stack_model.name
    return name


def activate(name: str) -> None:
    """Make a registered stack the active one, as `zenml stack set` does.

    Raises:
        ConfigError: No stack has this very name.
    """
    from zenml.client import Client

    stack = _stack(name)
    if stack is None:
        raise ConfigError(f"There is no stack '{name}'. {near_miss(name, registered_stacks())}")
    Client().activate_stack(stack.id)


def read_registered(wanted: State) -> State:
    """What ZenML has under the names that `wanted` holds."""
    components = {key: found for key in wanted.components if (found := _registration(key))}
    stacks = {
        name: {
            type_.value: tuple(c.name for c in group) for type_, group in found.components.items()
        }
        for name in wanted.stacks
        if (found := _stack(name))
    }
    return State(components, stacks)


def plan_stack(file: StackFile) -> Plan:
    """What `apply` would change, changing nothing.

    Raises:
        ConfigError: The file asks for something that a flavor refuses.
    """
    return _plan(file)[0]


def apply(file: StackFile, *, active: bool = False) -> Plan:
    """Register what the file asks for and update in place what differs.

    Every configuration is checked before the first change. Components come before their stack, so
    that an apply that was killed leaves nothing that the next one does not finish.

    Args:
        active: Make it the active stack too.

    Returns:
        The changes that were made.

    Raises:
        ConfigError: The file asks for something that a flavor refuses.
    """
    changes, wanted = _plan(file)
    _finish(file, changes, wanted)
    if active and active_stack_name() != file.stack_name:
        activate(file.stack_name)
    return changes


def register_flavors(wanted: State) -> None:
    """Tell ZenML of the flavors of this project that these components have.

    Raises:
        ConfigError: Another project's flavor has the name of ours.
    """
    from zenml.client import Client
    from zenml.enums import StackComponentType

    client = Client()
    for type_, name in sorted({(c.type, c.flavor) for c in wanted.components.values()}):
        source = SOURCES.get((type_, name))
        if source is None:
            continue
        try:
            model = client.get_flavor_by_name_and_type(name, StackComponentType(type_))
        except KeyError:
            with suppress(*_taken()):
                client.create_flavor(source, StackComponentType(type_))
            continue
        if model.source != source:
            raise ConfigError(
                f"The {type_} flavor '{name}' is already registered from '{model.source}'. "
                f"Run `zenml {type_.replace('_', '-')} flavor delete {name}` first."
            )


def _plan(file: StackFile) -> tuple[Plan, State]:
    """The changes, and the wanted state with the configurations that ZenML will store."""
    wanted = desired(file)
    registered = read_registered(wanted)
    # A configuration that ZenML holds as the file writes it was settled when it was registered.
    components = {
        key: component if component == registered.components.get(key) else settled(component)
        for key, component in wanted.components.items()
    }
    wanted = State(components, wanted.stacks)
    return plan(wanted, registered), wanted


def _finish(file: StackFile, changes: Plan, wanted: State) -> None:
    try:
        register_flavors(wanted)
        _make(changes, wanted)
    except _taken():
        # Another process applies the same names at this moment: go on from what it has made.
        left, wanted = _plan(file)
        if left == changes:
            raise
        _finish(file, left, wanted)


def _taken() -> tuple[type[Exception], ...]:
    """What is raised where a name is registered already."""
    from sqlalchemy.exc import IntegrityError
    from zenml.exceptions import EntityExistsError

    # ZenML looks for the name first: of two that register it at once, the database refuses one.
    return EntityExistsError, IntegrityError


def _make(changes: Plan, wanted: State) -> None:
    for change in changes.changes:
        if change.kind == "stack":
            _write_stack(change, wanted.stacks[change.name])
        else:
            _write_component(change, wanted.components[change.kind, change.name])
    if changes and changes.changes[-1].kind != "stack":
        for name in wanted.stacks:
            _touch(name)


def _touch(name: str) -> None:
    # A client keeps a stack with its components until the stack itself has a new date.
    from zenml.client import Client

    if stack := _stack(name):
        Client().update_stack(stack.id)


def _write_component(change: Change, wanted: Registration) -> None:
    from zenml.client import Client
    from zenml.enums import StackComponentType

    client, type_ = Client(), StackComponentType(wanted.type)
    if change.action == "create":
        client.create_stack_component(
            wanted.name, wanted.flavor, type_, configuration=dict(wanted.configuration)
        )
        return
    # ZenML merges: a key is removed by sending None.
    changed = {each.field: each.new for each in change.differences}
    client.update_stack_component(_id(wanted.key), type_, configuration=changed)


def _write_stack(change: Change, wanted: Mapping[str, tuple[str, ...]]) -> None:
    from zenml.client import Client
    from zenml.enums import StackComponentType

    client = Client()
    # Ids, since ZenML takes a name also for the beginning of another one's.
    components = {
        StackComponentType(each.field): [
            _id((each.field, name)) for name in wanted.get(each.field, ())
        ]
        for each in change.differences
    }
    if stack := _stack(change.name):
        client.update_stack(stack.id, component_updates=components)
    else:
        client.create_stack(change.name, components)


def _id(key: Key) -> UUID:
    component = _component(key)
    if component is None:
        raise ConfigError(f"The {key[0]} '{key[1]}' went away while its stack was being applied.")
    identity: UUID = component.id
    return identity


def _registration(key: Key) -> Registration | None:
    found = _component(key)
    return found and Registration(*key, found.flavor_name, found.configuration)


def _component(key: Key) -> ComponentResponse | None:
    from zenml.client import Client

    page = Client().list_stack_components(type=key[0], name=f"equals:{key[1]}", hydrate=True)
    return page.items[0] if page.items else None


def _stack(name: str) -> StackResponse | None:
    from zenml.client import Client

    page = Client().list_stacks(name=f"equals:{name}", hydrate=True)
    return page.items[0] if page.items else None
