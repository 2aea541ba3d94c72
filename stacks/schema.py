"""A stack file: the shape that `zenml stack export` writes, checked before anything is touched."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from serving.errors import ConfigError, near_miss
from serving.written import is_file, read_yaml
from stacks.values import expand, literal_credentials, unset_variables

FOLDER = Path(__file__).resolve().parent

# ZenML's own types, written out so that a file is checked without importing ZenML.
COMPONENT_TYPES = (
    "alerter",
    "annotator",
    "artifact_store",
    "container_registry",
    "data_validator",
    "deployer",
    "experiment_tracker",
    "feature_store",
    "image_builder",
    "log_store",
    "model_deployer",
    "model_registry",
    "orchestrator",
    "sandbox",
    "step_operator",
)
REQUIRED_TYPES = ("orchestrator", "artifact_store")


class _Strict(BaseModel):
    """A frozen model that answers an unknown key with the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: object) -> object:
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    raise ValueError(
                        f"unknown key '{key}'. {near_miss(str(key), cls.model_fields)}"
                    )
        return data


class Component(_Strict):
    """One component of a stack.

    Args:
        type: Repeats the key it stands under, as `zenml stack export` writes it.
    """

    name: str = Field(min_length=1)
    flavor: str = Field(min_length=1)
    configuration: dict[str, object] = {}
    type: str | None = None

    @field_validator("configuration", mode="before")
    @classmethod
    def _empty_is_a_mapping(cls, value: object) -> object:
        return {} if value is None else value

    @field_validator("configuration")
    @classmethod
    def _refuse_literal_credentials(cls, value: dict[str, object]) -> dict[str, object]:
        if literal := literal_credentials(value):
            keys = ", ".join(f"'{key}'" for key in literal)
            raise ValueError(
                f"{keys} holds a credential in clear text. Write ${{VARIABLE}} and set it in the "
                "environment, or {{secret.key}} after `zenml secret create`."
            )
        return value


class StackFile(_Strict):
    """A whole stack as it should be.

    Args:
        components: By component type; the first one of a type is ZenML's default.
        zenml_version: Written by an export, read by nobody: a stack is not bound to a version.
    """

    stack_name: str = Field(min_length=1)
    zenml_version: str | None = None
    components: dict[str, tuple[Component, ...]]

    @field_validator("components", mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        return {
            type_: [entry] if isinstance(entry, Mapping) else entry
            for type_, entry in value.items()
        }

    @model_validator(mode="after")
    def _check_types(self) -> "StackFile":
        for type_, components in self.components.items():
            if type_ not in COMPONENT_TYPES:
                raise ValueError(
                    f"unknown component type '{type_}'. {near_miss(type_, COMPONENT_TYPES)}"
                )
            _check_group(type_, components)
        for type_ in REQUIRED_TYPES:
            if not self.components.get(type_):
                raise ValueError(f"a stack needs a component of type '{type_}'")
        return self


def _check_group(type_: str, components: tuple[Component, ...]) -> None:
    names = [component.name for component in components]
    for component in components:
        if component.type not in (None, type_):
            raise ValueError(
                f"'{component.name}' says type '{component.type}' and stands under '{type_}'"
            )
        if names.count(component.name) > 1:
            raise ValueError(f"'{component.name}' stands under '{type_}' twice")


def known_stacks(folder: Path = FOLDER) -> list[str]:
    """The names of the stack files of this project."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def about(name: str, folder: Path = FOLDER) -> str:
    """What a stack file of this project says of itself: its first line."""
    with (folder / f"{name}.yaml").open(encoding="utf-8") as file:
        first = file.readline()
    return first.lstrip("#").strip() if first.startswith("#") else ""


def has_file(name: str) -> bool:
    """Whether that is a stack file's path, or the name of one of this project's."""
    return name.endswith((".yaml", ".yml")) or name in known_stacks()


def load_stack(
    path_or_name: str | Path, environ: Mapping[str, str] | None = None, *, folder: Path = FOLDER
) -> StackFile:
    """Read a stack file, check it and fill in its variables.

    Args:
        path_or_name: A file, or the name of a file in `stacks/` without its suffix.
        environ: Where variables are read; the process's environment when not given.

    Raises:
        ConfigError: There is no such file, or it is wrong.
    """
    environ = os.environ if environ is None else environ
    written = read_stack(path_or_name, folder=folder)
    if unset := unset_in(written, environ):
        exports = " ".join(f"{name}=..." for name in unset)
        raise ConfigError(
            f"{_find(path_or_name, folder)}: not set in the environment: {', '.join(unset)}. "
            f"Run `export {exports}` first."
        )
    return _filled(written, environ)


def read_stack(path_or_name: str | Path, *, folder: Path = FOLDER) -> StackFile:
    """Read a stack file and check it, with its variables as they are written.

    Raises:
        ConfigError: There is no such file, or it is wrong.
    """
    path = _find(path_or_name, folder)
    return _parse(path, read_yaml(path))


def unset_in(written: StackFile, environ: Mapping[str, str]) -> list[str]:
    """The variables that a file needs and the environment lacks."""
    configurations = [c.configuration for group in written.components.values() for c in group]
    return unset_variables(configurations, environ)


def _find(path_or_name: str | Path, folder: Path) -> Path:
    path = Path(path_or_name).expanduser()
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        if not is_file(path):
            raise ConfigError(f"There is no stack file {path}.")
        return path
    known = known_stacks(folder)
    if str(path_or_name) not in known:
        raise ConfigError(
            f"There is no stack '{path_or_name}'. {near_miss(str(path_or_name), known)}"
        )
    return folder / f"{path_or_name}.yaml"


def _parse(path: Path, data: object) -> StackFile:
    try:
        return StackFile.model_validate(data)
    except ValidationError as error:
        # Only places and messages: pydantic's own text repeats the input, credentials and all.
        problems = [
            ": ".join(filter(None, (".".join(map(str, each["loc"])), _plain(each["msg"]))))
            for each in error.errors(include_input=False, include_context=False)
        ]
        raise ConfigError(f"{path}: " + "; ".join(problems)) from None


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")


def _filled(written: StackFile, environ: Mapping[str, str]) -> StackFile:
    # Not validated again: what came from the environment may well be a credential.
    components = {
        type_: tuple(
            component.model_copy(update={"configuration": expand(component.configuration, environ)})
            for component in group
        )
        for type_, group in written.components.items()
    }
    return written.model_copy(update={"components": components})
