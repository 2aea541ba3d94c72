"""A component's configuration as its flavor understands it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serving.errors import ConfigError, near_miss
from stacks.flavors import SOURCES
from stacks.plan import Registration
from stacks.values import FromEnvironment, is_reference

if TYPE_CHECKING:
    from zenml.stack import Flavor, StackComponentConfig


def settled(component: Registration) -> Registration:
    """The same component with its configuration checked and converted as ZenML will store it.

    Raises:
        ConfigError: The flavor is unknown or does not take this configuration.
    """
    config_class = load_flavor(component.type, component.flavor).config_class
    _refuse_unknown_keys(component, config_class)
    _refuse_literal_secrets(component, config_class)
    config = _validated(component, config_class)
    stored = config.model_dump(mode="json", exclude_unset=True)
    _refuse_other_types(component, stored)
    return Registration(component.type, component.name, component.flavor, stored)


def secret_fields(component: Registration) -> set[str]:
    """The settings that the component's flavor holds secret; none where it does not load."""
    from zenml.utils.secret_utils import is_secret_field

    try:
        fields = load_flavor(component.type, component.flavor).config_class.model_fields
    except ConfigError:
        return set()
    return {key for key, field in fields.items() if is_secret_field(field)}


def load_flavor(type_: str, name: str) -> Flavor:
    """A flavor of this project, or one that ZenML knows.

    Raises:
        ConfigError: Nobody knows it, or what it needs is not installed.
    """
    if source := SOURCES.get((type_, name)):
        module, _, attribute = source.rpartition(".")
        flavor: Flavor = getattr(importlib.import_module(module), attribute)()
        return flavor
    return _registered_flavor(type_, name)


def _registered_flavor(type_: str, name: str) -> Flavor:
    from zenml.client import Client
    from zenml.enums import StackComponentType
    from zenml.stack import Flavor

    client = Client()
    component_type = StackComponentType(type_)
    try:
        model = client.get_flavor_by_name_and_type(name, component_type)
    except KeyError:
        known = [each.name for each in client.get_flavors_by_type(component_type)]
        known += [flavor for kind, flavor in SOURCES if kind == type_]
        raise ConfigError(
            f"There is no {type_} flavor '{name}'. {near_miss(name, known)}"
        ) from None
    try:
        return Flavor.from_model(model)
    except ImportError as error:
        raise ConfigError(f"The {type_} flavor '{name}' does not import: {error}") from error


def _refuse_unknown_keys(component: Registration, config_class: type[StackComponentConfig]) -> None:
    for key in component.configuration:
        if key not in config_class.model_fields:
            known = near_miss(key, config_class.model_fields)
            raise ConfigError(f"{_place(component)} has no setting '{key}'. {known}")


def _refuse_literal_secrets(
    component: Registration, config_class: type[StackComponentConfig]
) -> None:
    """Catch the fields whose names do not tell that their flavor holds them secret."""
    from zenml.utils.secret_utils import is_secret_field

    for key, value in component.configuration.items():
        literal = value not in (None, "") and not isinstance(value, FromEnvironment)
        if literal and not is_reference(value) and is_secret_field(config_class.model_fields[key]):
            raise ConfigError(
                f"{_place(component)}: '{key}' holds a credential in clear text. Write "
                "${VARIABLE} and set it in the environment, or {{secret.key}}."
            )


def _refuse_other_types(component: Registration, stored: Mapping[str, Any]) -> None:
    """Refuse a value that was taken for one of another type: `true` for a number, 'no' for false.

    The environment holds texts alone, so that what comes from there is converted.
    """
    for key, written in component.configuration.items():
        taken = stored.get(key)
        if isinstance(written, FromEnvironment) or _kind(written) == _kind(taken):
            continue
        if _kind(written) and _kind(taken):
            raise ConfigError(
                f"{_place(component)}: '{key}' is {_kind(written)} in the file, {written!r}, where "
                f"the flavor '{component.flavor}' takes {_kind(taken)}."
            )


def _kind(value: object) -> str:
    """What a single value is called; empty for a list, a mapping or nothing."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "text" if isinstance(value, str) else ""


def _validated(
    component: Registration, config_class: type[StackComponentConfig]
) -> StackComponentConfig:
    from pydantic import ValidationError

    try:
        config = config_class(**_plain(component.configuration))
    except ValidationError as error:
        # Only places and messages: pydantic's own text repeats the input, credentials and all.
        problems = "; ".join(
            ".".join(map(str, each["loc"])) + ": " + each["msg"]
            for each in error.errors(include_input=False, include_context=False)
        )
        raise ConfigError(f"{_place(component)}: {problems}") from None
    except ValueError as error:
        raise ConfigError(f"{_place(component)}: {error}") from error
    except KeyError as error:
        # A validator that reads a field reads the secret behind it.
        raise ConfigError(f"{_place(component)}: {error.args[0]}") from error
    if not config.is_valid:
        raise ConfigError(f"{_place(component)}: flavor '{component.flavor}' refuses these values.")
    return config


def _plain(value: Any) -> Any:
    """Texts of the environment as ordinary ones, for validators and serialisers."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, FromEnvironment) else value


def _place(component: Registration) -> str:
    return f"The {component.type} '{component.name}'"
