"""What the steps of a stack can read of this machine."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from commands.reach import Reached, mounted, require_labels_in_reach
from serving.errors import ConfigError, DataError
from stacks.schema import load_stack, read_stack
from steps.data.location import database_file, locate


@pytest.mark.parametrize("uri", ["kept/labels", "/kept/labels", "file:///kept/labels"])
def test_labels_in_a_folder_that_containers_do_not_see_are_refused(uri: str) -> None:
    """They would find it empty, and train without a word on fewer rows."""
    with pytest.raises(ConfigError, match=rf"'labels.uri': '{uri}' .* the stack 'docker' run"):
        require_labels_in_reach(uri, load_stack("docker"))


@pytest.mark.parametrize(
    ("uri", "stack"),
    [("kept/labels", "local"), ("", "docker"), ("s3://bucket/labels", "docker")],
)
def test_labels_that_every_step_finds_are_not(uri: str, stack: str) -> None:
    """The artifact store is one place for all of them."""
    require_labels_in_reach(uri, load_stack(stack))


def database(path: Path, *statements: str) -> str:
    """A SQLite database of one table; its address."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in (*statements, "create table orders (late text)"):
            connection.execute(statement)
    return f"sqlite:///{path}"


def seen(data: str, stack: str) -> Reached:
    """What the steps of a stack are told of a database in a file."""
    location = locate(data)
    file = database_file(location)
    assert file
    return mounted(file, location, read_stack(stack))


def test_a_database_in_a_file_is_mounted_where_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one whose path goes out from this directory, which a container has none of."""
    path = tmp_path / "orders.db"
    data = database(path)
    mounts = {str(path): {"bind": str(path), "mode": "ro"}}
    assert seen(data, "docker") == Reached(data, mounts)
    monkeypatch.chdir(tmp_path)
    told = seen("sqlite:///./orders.db?timeout=5", "docker")
    assert told == Reached(f"sqlite:///{path}?timeout=5", mounts)


@pytest.mark.parametrize("stack", ["kubernetes", "kubeflow-rehearsal", "airflow"])
def test_a_database_in_a_file_is_refused_where_steps_see_no_disk_of_this_machine(
    tmp_path: Path, stack: str
) -> None:
    data = database(tmp_path / "orders.db")
    with pytest.raises(ConfigError, match=f"the stack '{stack}' cannot open it. Name a database"):
        seen(data, stack)


def test_a_database_that_is_absent_or_that_readers_write_beside_is_refused(tmp_path: Path) -> None:
    """Docker makes a folder of what it is to mount and does not find."""
    with pytest.raises(DataError, match="There is no SQLite database"):
        seen(f"sqlite:///{tmp_path}/orders.db", "docker")
    data = database(tmp_path / "logged.db", "pragma journal_mode=wal")
    with pytest.raises(ConfigError, match=r"write-ahead log .* 'pragma journal_mode=delete'"):
        seen(data, "docker")
    with pytest.raises(ConfigError, match="Name a database that they reach"):
        seen("duckdb:///orders.duckdb", "docker")


@pytest.mark.parametrize("data", ["sqlite://", "sqlite:///:memory:", "postgresql://db/orders"])
def test_a_database_that_is_no_file_is_left_as_it_is(data: str) -> None:
    assert database_file(locate(data)) is None
