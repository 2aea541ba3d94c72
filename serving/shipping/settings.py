"""How the predictions of a server are kept, and where they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import orjson

from serving.errors import ConfigError, DeployError
from serving.state import write_private

FILE = "log.json"
# What a container is told of the log, by the settings' names; the store's credentials are what its
# driver finds among the other variables.
PREFIX = "SWITCHYARD_LOG_"
NAMED: Mapping[str, Callable[[str], object]] = {
    "uri": str,
    "sensitive": str,
    "segment": int,
    "seconds": float,
    "keep": int,
}
# Nothing outlives a container's first process, which therefore waits for longer.
PATIENCE, IN_CONTAINER = 5.0, 12.0


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How the predictions of a server are kept.

    Args:
        uri: Where whole segments go, anything that fsspec opens; empty: they stay here.
        options: What the store's fsspec driver takes, credentials among it.
        sensitive: Whether a sensitive column's values are hashed or left out.
        segment: Bytes after which a new segment is begun.
        seconds: Age at which a segment is whole, at most an hour: readers rely on that.
        keep: Bytes of whole segments that are kept here at most.
        patience: Seconds that a server which ends waits for its last segments to be shipped.
    """

    uri: str = ""
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    sensitive: Literal["hash", "omit"] = "hash"
    segment: int = 64 << 20
    seconds: float = 300.0
    keep: int = 1 << 30
    patience: float = PATIENCE


def to_variables(settings: LogSettings) -> dict[str, str]:
    """The settings as a container's variables, without the store's options."""
    return {f"{PREFIX}{name.upper()}": str(getattr(settings, name)) for name in NAMED}


def from_variables(environment: Mapping[str, str]) -> LogSettings | None:
    """The settings that a container's variables name; None where they name no store.

    Raises:
        ConfigError: One of them is not what it should be.
    """
    if f"{PREFIX}URI" not in environment:
        return None
    given: dict[str, object] = {}
    for name, kind in NAMED.items():
        if text := environment.get(f"{PREFIX}{name.upper()}"):
            try:
                given[name] = kind(text)
            except ValueError:
                message = f"{PREFIX}{name.upper()} is '{text}', and must be a number."
                raise ConfigError(message) from None
    if given.get("sensitive", "hash") not in ("hash", "omit"):
        raise ConfigError(f"{PREFIX}SENSITIVE is '{given['sensitive']}': write hash or omit.")
    return LogSettings(**given, patience=IN_CONTAINER)  # type: ignore[arg-type]


def read_settings(home: Path) -> LogSettings:
    """The settings that a home's server was given; the defaults where it was given none."""
    path = home / FILE
    try:
        return LogSettings(**orjson.loads(path.read_bytes()))
    except FileNotFoundError:
        return LogSettings()
    except (orjson.JSONDecodeError, TypeError) as error:
        message = f"{path} cannot be read ({error}). Remove it and deploy again."
        raise DeployError(message) from error


def write_settings(home: Path, settings: LogSettings) -> None:
    """Keep the settings in the home; they hold credentials, so that only the owner reads them."""
    write_private(home / FILE, orjson.dumps(asdict(settings), option=orjson.OPT_INDENT_2))
