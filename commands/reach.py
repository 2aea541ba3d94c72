"""A table of this machine, brought to where the steps of the active stack read it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from serving.errors import ConfigError, DataError, RunError
from stacks.check import registered_file
from stacks.pairs import containers_of_this_machine, steps_leave_this_process
from stacks.registered import active_stack_name
from stacks.schema import StackFile
from steps.data.copies import FOLDER, note_origin
from steps.data.fingerprint import fingerprint
from steps.data.location import Location, database_file, lies_here, locate, masked, scheme_of
from steps.data.objectstore import ARTIFACTS
from steps.data.settings import SourceSettings

if TYPE_CHECKING:
    from rich.console import Console
    from zenml.artifact_stores import BaseArtifactStore

# Of a copy's digest, the letters that name its folder.
LETTERS = 16
# How the head of a SQLite file says that readers write beside it.
WAL = b"\x02\x02"


@dataclass(frozen=True)
class Reached:
    """A table as the steps are told of it.

    Args:
        mounts: The files and folders of this machine that their containers have to see, as Docker
            is told of them.
    """

    data: str
    mounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def within_reach(data: str, known: str, console: Console) -> Reached:
    """A table where the active stack's steps find it.

    Steps of this process read a file where it lies. Containers of this machine see it mounted, read
    only. For steps of other machines it is copied to the artifact store, once for its content.

    Args:
        known: The table's identity, which its bytes alone decide; empty where nobody has asked.

    Raises:
        ConfigError: It is a database in a file that the steps cannot read.
        RunError: The artifact store does not take it.
    """
    location = locate(data)
    file = registered_file(active_stack_name())
    if steps_leave_this_process(file) and (database := database_file(location)):
        return mounted(database, location, file)
    if location.kind != "file" or not steps_leave_this_process(file):
        return Reached(data)
    path = Path(location.uri).absolute()
    if containers_of_this_machine(file):
        return Reached(str(path), {str(path): {"bind": str(path), "mode": "ro"}})
    return Reached(copied(path, known or fingerprint(SourceSettings(data=data)) or "", console))


def mounted(database: Path, location: Location, stack: StackFile) -> Reached:
    """A database in a file where the steps of a stack, which run in containers, find it.

    Raises:
        ConfigError: They do not see it, or cannot read it without writing beside it.
        DataError: It is absent.
    """
    where = f"'{location.shown}' is a file of this machine, and the steps of the stack"
    instead = "Name a database that they reach, or write its rows into a CSV file and name that."
    if not containers_of_this_machine(stack) or not scheme_of(location.uri).startswith("sqlite"):
        raise ConfigError(f"{where} '{stack.stack_name}' cannot open it. {instead}")
    if not database.is_file():
        raise DataError(f"There is no SQLite database '{database}'.")
    with database.open("rb") as file:
        if file.read(20)[18:] == WAL:
            raise ConfigError(
                f"{where} '{stack.stack_name}' see it read only, which its write-ahead log does "
                f"not allow: `sqlite3 {database} 'pragma journal_mode=delete'`, or name a copy."
            )
    path = str(database.absolute())
    scheme, (_, asked, options) = scheme_of(location.uri), location.uri.partition("?")
    return Reached(f"{scheme}:///{path}{asked}{options}", {path: {"bind": path, "mode": "ro"}})


def require_labels_in_reach(uri: str, stack: StackFile) -> None:
    """Refuse a folder of this machine for labels where the steps of a stack would find it empty.

    Raises:
        ConfigError: It is one.
    """
    if uri and lies_here(uri) and steps_leave_this_process(stack):
        raise ConfigError(
            f"Run config key 'labels.uri': '{masked(uri)}' is a folder of this machine, and the "
            f"steps of the stack '{stack.stack_name}' run where it is not. Leave it empty, and "
            "labels lie in the stack's artifact store, or name an object store's URI."
        )


def copied(path: Path, identity: str, console: Console) -> str:
    """The address of a table's copy in the active stack's artifact store.

    Raises:
        RunError: The store does not take it.
    """
    from zenml.client import Client

    store = Client().active_stack.artifact_store
    digest = identity.removeprefix("sha256:")[:LETTERS]
    place = f"{FOLDER}/{digest}"
    root = f"{store.path.rstrip('/')}/{place}"
    try:
        for source, name in sorted(_files(path)):
            _copy(store, source, f"{root}/{name}", console)
        note_origin(store, place, path)
    except Exception as error:
        # Each store's driver has errors of its own.
        kind = f"{type(error).__name__}: {error}"
        raise RunError(f"'{path}' cannot be copied to '{root}': {kind}") from error
    return f"{ARTIFACTS}://{place}/{path.name}"


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """Each file of a table, and its name below the copy's folder."""
    if path.is_file():
        yield path, path.name
    else:
        for found in path.rglob("*"):
            if found.is_file():
                yield found, f"{path.name}/{found.relative_to(path).as_posix()}"


def _copy(store: BaseArtifactStore, source: Path, target: str, console: Console) -> None:
    """Copy a file unless its copy is there; one that was cut off has another size."""
    size = source.stat().st_size
    if store.exists(target) and store.size(target) == size:
        return
    console.print(f"[dim]copying {source} ({size:,} bytes) to {target}[/dim]", soft_wrap=True)
    store.makedirs(os.path.dirname(target))  # noqa: PTH120  (a URI)
    with source.open("rb") as read, store.open(target, "wb") as written:
        shutil.copyfileobj(read, written, 1 << 20)
