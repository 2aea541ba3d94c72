"""SQLite's write-ahead log, which spares each of ZenML's many small writes its wait for the disk.

A step is recorded in some twenty transactions. In SQLite's usual mode each of them waits for the
disk four times; with a log that is written ahead none does, and what is committed outlives a
process that is killed. A machine that loses its power may forget the last moments, and keeps the
rest whole. The log is memory that processes share, so it serves one machine and its own disks.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

# Other file systems may lie on another machine, or be seen by one.
LOCAL = {"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"}
MOUNTS = Path("/proc/self/mounts")


def local(folder: Path, mounts: str | None = None) -> bool:
    """Whether a folder is on this machine's own disks, as far as can be told.

    Args:
        mounts: What Linux tells of the file systems; read where it is not given.
    """
    try:
        told = MOUNTS.read_text(encoding="utf-8") if mounts is None else mounts
    except OSError:
        return False
    kinds = {Path(fields[1]): fields[2] for fields in map(str.split, told.splitlines())}
    above = [folder.resolve(), *folder.resolve().parents]
    return next((kinds[each] in LOCAL for each in above if each in kinds), False)


def write_ahead(connection: sqlite3.Connection, folder: Path) -> None:
    """Let a database in that folder be written by way of a log, where one can serve it.

    Docker on another system than Linux shows containers a folder without its shared memory.
    """
    if sys.platform == "linux" and local(folder):
        connection.execute("PRAGMA journal_mode=WAL")


def spare_waits() -> None:
    """Let every database of this process that has such a log wait for the disk only to empty it."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if not event.contains(Engine, "connect", _spare):
        event.listen(Engine, "connect", _spare)


def _spare(connection: Any, _: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    # Who holds the whole database will be told by the first question of use.
    with suppress(sqlite3.OperationalError):
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode == "wal":
            connection.execute("PRAGMA synchronous=NORMAL")
