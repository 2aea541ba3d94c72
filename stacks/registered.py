"""What ZenML has: stacks and components, looked up by exact names, and never changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serving.errors import ConfigError, near_miss
from stacks.plan import Key, Registration, State
from stacks.schema import known_stacks

if TYPE_CHECKING:
    from zenml.models import ComponentResponse, StackResponse


def registered_stacks() -> list[str]:
    """The names of every stack that ZenML has."""
    return sorted(stack.name for stack in every_stack())


def active_stack_name() -> str:
    """The name of the stack that a pipeline would run on now."""
    from zenml.client import Client

    name: str = Client().active_stack_model.name
    return name


def read_registered(wanted: State) -> State:
    """What ZenML has under the names that `wanted` holds."""
    components = {key: found for key in wanted.components if (found := _registration(key))}
    stacks = {
        name: {
            type_.value: tuple(c.name for c in group) for type_, group in found.components.items()
        }
        for name in wanted.stacks
        if (found := find_stack(name))
    }
    return State(components, stacks)


def read_components(name: str) -> list[Registration]:
    """The components of a registered stack, in its own order.

    Raises:
        ConfigError: No stack has this very name.
    """
    return [
        Registration(type_.value, each.name, each.flavor_name, each.configuration)
        for type_, group in require_stack(name).components.items()
        for each in group
    ]


def require_stack(name: str) -> StackResponse:
    """The stack of exactly this name.

    Raises:
        ConfigError: There is none.
    """
    if stack := find_stack(name):
        return stack
    files = known_stacks()
    if name in files:
        raise ConfigError(
            f"The stack '{name}' is not registered: run `python run.py stack apply {name}` first."
        )
    known = sorted({*registered_stacks(), *files})
    raise ConfigError(f"There is no stack '{name}'. {near_miss(name, known)}")


def find_stack(name: str) -> StackResponse | None:
    """The stack of exactly this name; None when there is none."""
    from zenml.client import Client

    page = Client().list_stacks(name=f"equals:{name}", hydrate=True)
    return page.items[0] if page.items else None


def find_component(key: Key) -> ComponentResponse | None:
    """The component of this type and exactly this name; None when there is none."""
    from zenml.client import Client

    page = Client().list_stack_components(type=key[0], name=f"equals:{key[1]}", hydrate=True)
    return page.items[0] if page.items else None


def every_stack() -> list[StackResponse]:
    """Every stack with its components."""
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    stacks: list[StackResponse] = depaginate(Client().list_stacks, hydrate=True)
    return stacks


def _registration(key: Key) -> Registration | None:
    found = find_component(key)
    return found and Registration(*key, found.flavor_name, found.configuration)
