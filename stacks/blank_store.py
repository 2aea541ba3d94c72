"""The empty store that ZenML's own on this machine begins as, made once for each environment.

ZenML writes every flavor it knows into a new database, one transaction each, which takes seconds
and comes to the same each time. So the database that it makes is kept beside the packages it was
made with, and a new store is a copy of it: there whole or not at all, and written by way of a log
(see `stacks/write_ahead.py`).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from stacks.write_ahead import spare_waits, write_ahead

# Settings of a server are written into its database when that is made.
SERVER = "ZENML_SERVER"
# What SQLite keeps beside a database, and would read into another one of the same name.
BESIDE = ("-journal", "-shm", "-wal")


def provide_store() -> None:
    """Put an empty store where ZenML would make one on this machine.

    Where that cannot be done ZenML makes it, as ever.
    """
    from zenml.config.global_config import GlobalConfiguration
    from zenml.enums import StoreType

    config = GlobalConfiguration()
    store: Any = config.store_configuration
    if store.type != StoreType.SQL or not store.url.startswith("sqlite:///"):
        return
    spare_waits()
    path = Path(store.database)
    if found(path) or any(name.startswith(SERVER) for name in os.environ):
        return
    with suppress(OSError, sqlite3.Error):
        kept = blank(folder(), identity())
        copy(kept, path, config.user_id.hex, analytics=config.analytics_opt_in)


def found(path: Path) -> bool:
    """Whether a database is there, or anything that was one's."""
    return any(path.with_name(f"{path.name}{name}").exists() for name in ("", *BESIDE))


def folder() -> Path:
    """Where the empty store is kept: whoever can write there can write the packages too."""
    return Path(sys.prefix) / "var" / "switchyard"


def blank(kept: Path, identity: str) -> Path:
    """The empty store of the installed packages, made where it is not there yet.

    Raises:
        OSError: It cannot be kept there.
    """
    path = kept / f"{identity}.db"
    if not path.exists():
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept) as draft:
            made = make(Path(draft))
            with made.open("rb") as stream:
                os.fsync(stream.fileno())
            made.replace(path)
    return path


def identity() -> str:
    """What the tables and the flavors in them depend on."""
    import pydantic
    import sqlalchemy
    import zenml

    versions = {"zenml": zenml, "pydantic": pydantic, "sqlalchemy": sqlalchemy}
    return "-".join(f"{name}-{module.__version__}" for name, module in versions.items())


def make(place: Path) -> Path:
    """Let ZenML make an empty store in a folder: its tables and flavors, nobody's user or stack."""
    from zenml.zen_stores.base_zen_store import BaseZenStore

    config: Any = BaseZenStore.get_default_store_config(path=str(place))
    store: Any = BaseZenStore.create_store(config, skip_default_registrations=True)
    store.engine.dispose()
    return Path(config.database)


def copy(kept: Path, path: Path, owner: str, *, analytics: bool) -> None:
    """Make a copy the store of one user, which is there at once; none where one is there by then.

    Args:
        owner: ZenML's id of this client, in hexadecimal digits, by which a store is known.
        analytics: Whether this user lets ZenML be told of what is done.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder_:
        draft = Path(folder_) / path.name
        shutil.copyfile(kept, draft)
        connection = sqlite3.connect(draft)
        try:
            with connection:
                owned = "UPDATE server_settings SET id = ?, enable_analytics = ?"
                connection.execute(owned, (owner, analytics))
            write_ahead(connection, path.parent)
        finally:
            connection.close()
        with suppress(FileExistsError):
            os.link(draft, path)
