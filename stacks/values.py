"""The values of a stack file: variables of the environment, references to secrets, credentials.

`${VAR}` and `${VAR:-default}` are read when the file is loaded, `$${` stands for `${` itself, and
`{{secret.key}}` is left for ZenML, which reads it from its secret store at the moment of use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from serving.errors import ConfigError

_VARIABLE = re.compile(r"\$(?P<escaped>\$)\{|\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")
_SECRET = re.compile(r"\{\{\s*(?P<name>[\w-]+)\.(?P<key>[\w-]+)\s*\}\}")
_URL_PASSWORD = re.compile(r"(?P<start>\w://[^/\s:@]*:)(?P<password>[^/\s@]+)@")
_CREDENTIAL = re.compile(
    r"(^|_)(pass|passwd|password|passphrase|pwd|secret|token|key|credentials?|connection_string)$",
    re.IGNORECASE,
)
# What ZenML's flavors call the field that names a secret and holds none.
SECRET_NAME = "authentication_secret"  # noqa: S105  (a field's name)
MASK = "***"


class FromEnvironment(str):
    """A text that came at least partly from the environment, and so is no literal of the file."""

    __slots__ = ()


def is_credential(key: str) -> bool:
    """Whether a field of this name holds a credential."""
    return key != SECRET_NAME and _CREDENTIAL.search(key) is not None


def is_reference(value: object) -> bool:
    """Whether a value is nothing but a reference to a ZenML secret."""
    return isinstance(value, str) and _SECRET.fullmatch(value) is not None


def secret_references(value: object) -> set[tuple[str, str]]:
    """The secret and the key of every value that refers to one."""
    return {
        (match["name"], match["key"])
        for _, leaf in leaves(value)
        if isinstance(leaf, str) and (match := _SECRET.fullmatch(leaf))
    }


def with_secrets(value: object, secrets: Mapping[str, Mapping[str, str]]) -> object:
    """The same nested value with every reference replaced by what it refers to.

    Raises:
        KeyError: A secret or a key is not there.
    """
    if isinstance(value, Mapping):
        return {key: with_secrets(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [with_secrets(inner, secrets) for inner in value]
    match = _SECRET.fullmatch(value) if isinstance(value, str) else None
    return secrets[match["name"]][match["key"]] if match else value


def holds_variable(value: object) -> bool:
    """Whether a value draws on the environment."""
    return isinstance(value, str) and any(m["name"] for m in _VARIABLE.finditer(value))


def leaves(value: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Every value inside nested mappings and lists, with its dotted key."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner, key)
    else:
        yield key, value


def unset_variables(value: object, environ: Mapping[str, str]) -> list[str]:
    """The variables without a default that the environment lacks, each once, sorted."""
    return sorted(
        {
            match["name"]
            for _, leaf in leaves(value)
            if isinstance(leaf, str)
            for match in _VARIABLE.finditer(leaf)
            if match["name"] and match["default"] is None and match["name"] not in environ
        }
    )


def expand(value: object, environ: Mapping[str, str]) -> object:
    """The same nested value with every variable read from the environment.

    Raises:
        ConfigError: A variable is not set and has no default.
    """
    if isinstance(value, Mapping):
        return {key: expand(inner, environ) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [expand(inner, environ) for inner in value]
    if isinstance(value, str) and _VARIABLE.search(value):
        return _expand_text(value, environ)
    return value


def _expand_text(text: str, environ: Mapping[str, str]) -> str:
    drawn = False

    def read(match: re.Match[str]) -> str:
        nonlocal drawn
        if match["escaped"]:
            return "${"
        drawn = True
        name, default = match["name"], match["default"]
        # As in a shell, `:-` stands in for an empty value too.
        found = environ.get(name) or default if default is not None else environ.get(name)
        if found is None:
            raise ConfigError(f"The variable {name} is not set: export {name}=... and run again.")
        return found

    expanded = _VARIABLE.sub(read, text)
    return FromEnvironment(expanded) if drawn else expanded


def literal_credentials(configuration: Mapping[str, object]) -> list[str]:
    """The dotted keys whose values, as written in a file, hold a credential in clear text."""
    return sorted({key for key, value in leaves(configuration) if _is_literal(key, value)})


def _is_literal(key: str, value: object) -> bool:
    if is_credential(key.rpartition(".")[2]):
        return value is not None and _literal_part(str(value)) != ""
    return any(_literal_part(match["password"]) for match in _url_passwords(value))


def _url_passwords(value: object) -> Iterator[re.Match[str]]:
    return _URL_PASSWORD.finditer(value) if isinstance(value, str) else iter(())


def _literal_part(text: str) -> str:
    """What is left of a text once its references are gone; a variable's default stays."""
    without_secrets = _SECRET.sub("", text)
    return _VARIABLE.sub(lambda match: match["default"] or "", without_secrets)


def masked(key: str, value: object) -> object:
    """The value with every credential in it replaced, fit to be shown."""
    if isinstance(value, Mapping):
        return {name: masked(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(key, inner) for inner in value]
    if is_credential(key) and value not in (None, "") and not is_reference(value):
        return MASK
    return hidden(value, MASK) if isinstance(value, str) else value


def hidden(text: str, stand_in: str) -> str:
    """A text with another one in the place of a password inside a URL."""

    def put(match: re.Match[str]) -> str:
        reference = is_reference(match["password"])
        return match[0] if reference else f"{match['start']}{stand_in}@"

    return _URL_PASSWORD.sub(put, text)
