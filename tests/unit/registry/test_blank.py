"""A new MLflow database as a copy of an empty one."""

import sqlite3
from pathlib import Path

import pytest

from steps.registry.blank import blank, copy, identity, provide_database


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """An empty database as MLflow leaves one, in short."""
    path = tmp_path / "kept.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
    connection.close()
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a database is wanted."""
    folder = tmp_path / "store"
    folder.mkdir()
    return folder / "mlflow.db"


def test_a_database_that_another_one_made_meanwhile_stays(kept: Path, place: Path) -> None:
    place.write_bytes(b"another's")
    copy(kept, place)
    assert place.read_bytes() == b"another's"
    assert list(place.parent.iterdir()) == [place]


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\x00"])
def test_of_a_damaged_one_nothing_is_left_in_the_place(
    kept: Path, place: Path, damage: bytes
) -> None:
    kept.write_bytes(damage)
    with pytest.raises(sqlite3.Error):
        copy(kept, place)
    assert list(place.parent.iterdir()) == []


@pytest.mark.parametrize("left", ["", "-journal", "-shm", "-wal"])
def test_where_a_database_has_left_anything_none_is_put(place: Path, left: str) -> None:
    """SQLite would read it into the copy."""
    path = place.with_name(f"{place.name}{left}")
    path.write_bytes(b"left")
    provide_database(f"sqlite:///{place}")
    assert list(place.parent.iterdir()) == [path]
    assert path.read_bytes() == b"left"


@pytest.mark.parametrize("uri", ["http://mlflow:5000", "sqlite://", "sqlite:///here.db"])
def test_what_is_no_file_of_this_machine_by_its_whole_path_is_left_to_mlflow(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    provide_database(uri)
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_kept_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / f"{identity()}.db").write_bytes(b"made before")
    assert blank(tmp_path).read_bytes() == b"made before"


def test_where_none_can_be_kept_that_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OSError, match="file"):
        blank(file)
