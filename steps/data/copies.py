"""Copies of files of a person's machine in the artifact store, and where each comes from.

Steps of other machines read the copy that was made before a run. A retraining is to read the table
as it is by then: the file itself, where it is still there, or else it is told that rows are old.
"""

from __future__ import annotations

import json
import re
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from steps.data.objectstore import ARTIFACTS

if TYPE_CHECKING:
    from zenml.artifact_stores import BaseArtifactStore

# The folder of the artifact store that tables are copied to, and the file beside each.
FOLDER, ORIGIN = "tables", "origin.json"
_COPY = re.compile(rf"{ARTIFACTS}://({FOLDER}/[0-9a-f]+)/[^/]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that a copy was made of; of an older copy nothing is known.

    Args:
        host: The name of its machine.
        seen: When the file was last found to be what the copy is, ISO 8601.
    """

    path: str = ""
    host: str = ""
    seen: str = ""


def note_origin(store: BaseArtifactStore, place: str, path: Path) -> None:
    """Write down of which file the copy at a place of the store was made, just now."""
    now = datetime.now(UTC).isoformat(timespec="minutes")
    told = Origin(str(path), socket.gethostname(), now)
    with store.open(f"{store.path.rstrip('/')}/{place}/{ORIGIN}", "w") as file:
        file.write(json.dumps(asdict(told)))


def origin_of(data: str) -> Origin | None:
    """The file behind a copy in the active stack's artifact store; None of any other address."""
    from zenml.client import Client

    found = _COPY.fullmatch(data)
    if found is None:
        return None
    store = Client().active_stack.artifact_store
    path = f"{store.path.rstrip('/')}/{found[1]}/{ORIGIN}"
    if not store.exists(path):
        return Origin()
    with store.open(path, "r") as file:
        return Origin(**json.loads(file.read()))


def as_it_is_now(data: str) -> tuple[str, str]:
    """Where a table is read again, and what is to be told of its age; empty where it is fresh.

    A copy of a file that is still on this machine is left for the file.
    """
    origin = origin_of(data)
    if origin is None:
        return data, ""
    if origin.host == socket.gethostname() and Path(origin.path).exists():
        return origin.path, ""
    return data, age_of(origin)


def age_told(data: str) -> str:
    """What is to be told of the age of a table that is read where it lies."""
    origin = origin_of(data)
    return age_of(origin) if origin else ""


def age_of(origin: Origin) -> str:
    """That rows of a copy are as old as it is, in a sentence."""
    file = f"'{origin.path}' on {origin.host} as it was at {origin.seen}" if origin.path else ""
    return (
        f"The rows are those of {file or 'a file that was copied'}, and none that came since: a "
        "table at an object store's URI or in a database is read anew."
    )
