"""A registered stack as a file again, without any credential in it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import yaml

from serving.errors import ConfigError
from stacks.plan import Key, Registration
from stacks.schema import FOLDER, StackFile, known_stacks, read_stack
from stacks.values import expand, hidden, holds_variable, is_credential, is_reference, leaves

Written = Mapping[Key, Mapping[str, object]]


def export(name: str, *, resolved: bool = False) -> str:
    """A registered stack as the text of a file.

    A value that one of the project's files draws from the environment is written as that file
    writes it, any other credential as a variable to be set; references to secrets stay.

    Args:
        resolved: Without any variable, as `zenml stack import` needs it.

    Raises:
        ConfigError: There is no such stack, or a resolved file would hold a credential.
    """
    from stacks.configuration import secret_fields
    from stacks.registered import read_components

    components = read_components(name)
    secret = {each.key: secret_fields(each) for each in components}
    if resolved:
        return _text(name, components, {each.key: _resolved(each, secret) for each in components})
    written = written_in(_project_files())
    found = {
        each.key: portable(each, secret[each.key], written.get(each.key, {}), os.environ)
        for each in components
    }
    return _text(name, components, found)


def portable(
    component: Registration,
    secret: Collection[str],
    written: Mapping[str, object],
    environ: Mapping[str, str],
) -> dict[str, object]:
    """A configuration that can be kept in a file and means the same when it is read again.

    Args:
        secret: The keys that the component's flavor holds secret.
        written: What a file of the project writes for this component.
    """
    return {
        key: _portable(f"{component.name}_{key}", key, value, secret, written.get(key), environ)
        for key, value in component.configuration.items()
        if value is not None
    }


def written_in(files: Sequence[StackFile]) -> Written:
    """The configurations of every component that draws on the environment, as written."""
    return {
        (type_, each.name): each.configuration
        for file in files
        for type_, group in file.components.items()
        for each in group
        if any(holds_variable(leaf) for _, leaf in leaves(each.configuration))
    }


def save(text: str, path: Path) -> None:
    """Write an exported stack.

    Raises:
        ConfigError: The file cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error


def _portable(
    name: str,
    key: str,
    value: object,
    secret: Collection[str],
    written: object,
    environ: Mapping[str, str],
) -> object:
    # A credential's variable is taken whatever it holds now; what is no secret must be the same.
    if isinstance(value, Mapping):
        inner = written if isinstance(written, Mapping) else {}
        return {
            part: _portable(f"{name}_{part}", part, leaf, secret, inner.get(part), environ)
            for part, leaf in value.items()
        }
    if isinstance(value, list | tuple):
        return [_portable(name, key, leaf, secret, None, environ) for leaf in value]
    credential = key in secret or is_credential(key)
    if holds_variable(written) and (credential or _draws(written, value, environ)):
        return written
    if credential and value != "" and not is_reference(value):
        return f"${{{_variable(name)}}}"
    if not isinstance(value, str):
        return value
    return hidden(value.replace("${", "$${"), f"${{{_variable(name)}_PASSWORD}}")


def _draws(written: object, value: object, environ: Mapping[str, str]) -> bool:
    """Whether what a file writes comes to the registered value in this environment."""
    try:
        # As texts, since a flavor converts what it reads from the environment.
        return str(expand(written, environ)) == str(value)
    except ConfigError:
        return False


def _variable(name: str) -> str:
    return re.sub(r"\W+", "_", name).upper()


def _resolved(component: Registration, secret: Mapping[Key, Collection[str]]) -> dict[str, object]:
    found = portable(component, secret[component.key], {}, {})
    kept = {key: value for key, value in component.configuration.items() if value is not None}
    if changed := [key for key, value in found.items() if _unescaped(value) != kept[key]]:
        keys = ", ".join(f"'{key}'" for key in changed)
        raise ConfigError(
            f"The {component.type} '{component.name}' holds a credential in {keys}, and a resolved "
            "file would show it. Keep it in `zenml secret create NAME --key=...`, write "
            "{{NAME.key}} into the stack's file, and apply that first."
        )
    return kept


def _unescaped(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _unescaped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_unescaped(inner) for inner in value]
    return value.replace("$${", "${") if isinstance(value, str) else value


def _text(
    name: str, components: Sequence[Registration], configurations: Mapping[Key, object]
) -> str:
    import zenml

    groups: dict[str, list[dict[str, object]]] = {}
    for each in components:
        entry = {
            "name": each.name,
            "flavor": each.flavor,
            "configuration": configurations[each.key],
        }
        groups.setdefault(each.type, []).append(entry)
    document = {"stack_name": name, "zenml_version": zenml.__version__, "components": groups}
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return text


def _project_files() -> list[StackFile]:
    files = []
    for name in known_stacks(FOLDER):
        try:
            files.append(read_stack(name))
        except ConfigError:
            # A broken file is told where it is asked for; here it only helps to name variables.
            continue
    return files
