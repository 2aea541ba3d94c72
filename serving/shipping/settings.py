"""How the predictions of a server are kept, and where they go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import orjson

from serving.errors import DeployError
from serving.state import write_private

FILE = "log.json"


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
    """

    uri: str = ""
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    sensitive: Literal["hash", "omit"] = "hash"
    segment: int = 64 << 20
    seconds: float = 300.0
    keep: int = 1 << 30


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
