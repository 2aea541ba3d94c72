"""Where a database may be written by way of a log, and what waits for the disk then."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import Engine

from stacks import write_ahead
from stacks.write_ahead import local, spare_waits

MOUNTS = (
    "/dev/vda / ext4 rw 0 0\nserver:/home /home nfs4 rw 0 0\ntmpfs /home/ada/fast tmpfs rw 0 0\n"
)
FULL, NORMAL = 2, 1


@pytest.fixture
def spared() -> Iterator[None]:
    """This process spares its databases' waits meanwhile."""
    spare_waits()
    spare_waits()
    yield
    event.remove(Engine, "connect", write_ahead._spare)


def database(path: Path, mode: str) -> Path:
    """An empty database that is written in that mode."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute("CREATE TABLE numbers (number)")
    return path


def synchronous(path: Path) -> object:
    """How a new connection of SQLAlchemy waits for the disk."""
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        waits = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    engine.dispose()
    return waits


@pytest.mark.parametrize(
    ("folder", "told"),
    [("/srv/zenml", True), ("/home/ada/zenml", False), ("/home/ada/fast/zenml", True)],
)
def test_a_log_serves_a_folder_of_this_machines_own(folder: str, told: bool) -> None:
    assert local(Path(folder), MOUNTS) is told


def test_where_nothing_is_told_of_file_systems_no_log_is_trusted() -> None:
    assert not local(Path("/srv/zenml"), "")


@pytest.mark.usefixtures("spared")
def test_a_database_with_a_log_waits_less_and_any_other_as_ever(tmp_path: Path) -> None:
    assert synchronous(database(tmp_path / "log.db", "WAL")) == NORMAL
    assert synchronous(database(tmp_path / "other.db", "DELETE")) == FULL


@pytest.mark.usefixtures("spared")
def test_a_database_that_another_one_holds_can_be_connected_to(tmp_path: Path) -> None:
    path = database(tmp_path / "held.db", "DELETE")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        engine = sqlalchemy.create_engine(f"sqlite:///{path}", connect_args={"timeout": 0})
        engine.connect().close()
        engine.dispose()
