"""Make ZenML's stacks what their files say; nothing else in the project changes a ZenML stack."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from serving.errors import ConfigError
from stacks.configuration import settled
from stacks.flavors import SOURCES
from stacks.plan import Change, Key, Plan, Registration, State, desired, plan
from stacks.registered import (
    active_stack_name,
    every_stack,
    find_component,
    find_stack,
    read_registered,
    require_stack,
)
from stacks.schema import StackFile

if TYPE_CHECKING:
    from zenml.models import ComponentResponse, StackResponse


def activate(name: str) -> None:
    """Make a registered stack the active one, as `zenml stack set` does.

    Raises:
        ConfigError: No stack has this very name.
    """
    from zenml.client import Client

    Client().activate_stack(require_stack(name).id)


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


def delete(name: str, *, components: bool = False) -> list[Key]:
    """Take a stack out of ZenML.

    Args:
        components: Take out also those of its components that no other stack uses.

    Returns:
        What went away, by type and name; the stack first.

    Raises:
        ConfigError: There is no such stack, or it is in use.
    """
    from zenml.client import Client

    stack = require_stack(name)
    if name == active_stack_name():
        raise ConfigError(
            f"The stack '{name}' is the active one. Activate another one first: "
            "`python run.py stack set NAME`, with a name of `python run.py stack list`."
        )
    unused = _unused(stack) if components else []
    for component in unused:
        _refuse_serving(component)
    Client().delete_stack(stack.id)
    for component in unused:
        Client().delete_stack_component(component.id, component.type)
    return [("stack", name), *((each.type.value, each.name) for each in unused)]


def _unused(stack: StackResponse) -> list[ComponentResponse]:
    """The components of a stack that stand in no other one."""
    held = {
        component.id
        for other in every_stack()
        if other.id != stack.id
        for group in other.components.values()
        for component in group
    }
    own = [component for group in stack.components.values() for component in group]
    return [component for component in own if component.id not in held]


def _refuse_serving(component: ComponentResponse) -> None:
    # A process that outlives the record of its deployer could be found by nobody.
    ours = (component.type.value, component.flavor_name) in SOURCES
    if component.type.value != "model_deployer" or not ours:
        return
    from zenml.stack import StackComponent

    deployer = StackComponent.from_model(component)
    if serving := [each.name for each in deployer.endpoints() if each.status == "ready"]:
        raise ConfigError(
            f"The model deployer '{component.name}' still serves {', '.join(serving)}. Run "
            "`python run.py stop` on this stack first, or leave `--components` out."
        )


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


def _finish(file: StackFile, changes: Plan, wanted: State, tries: int = 5) -> None:
    try:
        register_flavors(wanted)
        _make(changes, wanted)
    except Exception as error:
        if tries == 1 or not _collided(error):
            raise
        # Another process applies the same names at this moment: go on from what it has made.
        left, wanted = _plan(file)
        _finish(file, left, wanted, tries - 1)


def _collided(error: Exception) -> bool:
    """Whether an error says that another process wrote the same at this moment.

    A ZenML server tells in words alone what its database raised.
    """
    words = ("IntegrityError", "Duplicate entry", "Deadlock found")
    return isinstance(error, _taken()) or any(word in str(error) for word in words)


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

    if stack := find_stack(name):
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
    if stack := find_stack(change.name):
        client.update_stack(stack.id, component_updates=components)
    else:
        client.create_stack(change.name, components)


def _id(key: Key) -> UUID:
    component = find_component(key)
    if component is None:
        raise ConfigError(f"The {key[0]} '{key[1]}' went away while its stack was being applied.")
    identity: UUID = component.id
    return identity
