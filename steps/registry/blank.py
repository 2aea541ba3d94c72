"""The empty database that MLflow's own on this machine begins as, made once for each environment.

MLflow makes its tables in dozens of migrations, which take most of a second and come to the same
each time. So what its own `mlflow db upgrade` makes is kept beside the packages it was made with,
and a new database is a copy of it: there whole or not at all. It holds tables alone; MLflow writes
its first experiment into the copy, by whose time a registry is known (see `Registry.identity`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

SCHEME = "sqlite:///"
# What SQLite keeps beside a database, and would read into another one of the same name.
BESIDE = ("", "-journal", "-shm", "-wal")


def provide_database(tracking_uri: str) -> None:
    """Put an empty database where MLflow would make one on this machine.

    Where that cannot be done MLflow makes it, as ever. Two that do so at once agree: the first copy
    stays.
    """
    path = Path(tracking_uri.removeprefix(SCHEME))
    if not tracking_uri.startswith(SCHEME) or not path.is_absolute():
        return
    if not any(path.with_name(f"{path.name}{name}").exists() for name in BESIDE):
        # Whatever is in the way, MLflow finds it too and says it better.
        with suppress(Exception):
            copy(blank(Path(sys.prefix) / "var" / "switchyard"), path)


def blank(folder: Path) -> Path:
    """The empty database of the installed MLflow, made where it is not there yet.

    Raises:
        OSError: It cannot be kept there.
    """
    path = folder / f"{identity()}.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            made = Path(draft) / path.name
            make(made)
            with made.open("rb") as stream:
                os.fsync(stream.fileno())
            made.replace(path)
    return path


def identity() -> str:
    """What the tables depend on: MLflow, and the migrations that it comes with."""
    import mlflow
    import sqlalchemy

    migrations = Path(mlflow.__file__).parent / "store" / "db_migrations" / "versions"
    names = " ".join(sorted(path.name for path in migrations.glob("*.py")))
    known = hashlib.sha256(names.encode()).hexdigest()[:12]
    return f"mlflow-{mlflow.__version__}-{known}-sqlalchemy-{sqlalchemy.__version__}"


def make(path: Path) -> None:
    """Let MLflow make its tables, as its command line does for an administrator."""
    from mlflow.db import commands

    commands.main(["upgrade", f"{SCHEME}{path}"], standalone_mode=False)


def copy(kept: Path, path: Path) -> None:
    """Make a copy the database at a place, where none is by then.

    Raises:
        sqlite3.Error: What is kept is damaged.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder) / path.name
        shutil.copyfile(kept, draft)
        connection = sqlite3.connect(draft)
        try:
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            connection.close()
        with suppress(FileExistsError):
            os.link(draft, path)
