"""A new store as a copy of an empty one."""

import sqlite3
from pathlib import Path

import pytest

from stacks.blank_store import blank, copy, found

OWNER = "0" * 31 + "7"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """An empty store of nobody's."""
    path = tmp_path / "kept.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE server_settings (id, enable_analytics)")
        connection.execute("INSERT INTO server_settings VALUES ('nobody', 1)")
    connection.close()
    return path


def settings(path: Path) -> tuple[str, int]:
    """Whose a store is, and whether ZenML is told what is done with it."""
    connection = sqlite3.connect(path)
    found: tuple[str, int] = connection.execute("SELECT * FROM server_settings").fetchone()
    connection.close()
    return found


def test_a_copy_is_its_users_own_and_keeps_what_that_user_said_of_analytics(kept: Path) -> None:
    path = kept.parent / "stores" / "default" / "zenml.db"
    copy(kept, path, OWNER, analytics=False)
    assert settings(path) == (OWNER, 0)
    assert settings(kept) == ("nobody", 1)


def test_a_store_that_somebody_made_meanwhile_stays(kept: Path) -> None:
    path = kept.parent / "stores" / "zenml.db"
    copy(kept, path, OWNER, analytics=False)
    copy(kept, path, "another", analytics=True)
    assert settings(path) == (OWNER, 0)


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\x00"])
def test_of_a_damaged_one_nothing_is_left_in_the_place_of_the_store(
    kept: Path, damage: bytes
) -> None:
    kept.write_bytes(damage)
    path = kept.parent / "stores" / "zenml.db"
    with pytest.raises(sqlite3.Error):
        copy(kept, path, OWNER, analytics=False)
    assert list(path.parent.iterdir()) == []


def test_one_that_is_kept_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "some.db").write_bytes(b"made before")
    assert blank(tmp_path, "some").read_bytes() == b"made before"


def test_where_none_can_be_kept_that_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OSError, match="file"):
        blank(file, "some")


def test_what_a_database_has_left_is_not_read_into_another_one(tmp_path: Path) -> None:
    """SQLite would: ZenML makes the store then, and SQLite drops what was left."""
    assert not found(tmp_path / "zenml.db")
    (tmp_path / "zenml.db-wal").touch()
    assert found(tmp_path / "zenml.db")
