"""The database that a registry of this machine begins with."""

import sqlite3
from pathlib import Path

import pytest
from mlflow import MlflowClient

from steps.registry.blank import blank
from steps.registry.registry import Registry

COLUMNS = (
    "SELECT m.type, m.name, c.name, c.type, c.dflt_value FROM sqlite_master m "
    "LEFT JOIN pragma_table_info(m.name) c ORDER BY m.name, c.cid"
)


def rows(path: Path, question: str) -> list[tuple[object, ...]]:
    """What a database answers."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found = connection.execute(question).fetchall()
    connection.close()
    return found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, made just now."""
    return blank(tmp_path_factory.mktemp("kept"))


def test_it_has_mlflows_own_tables_of_its_own_revision_and_nothing_in_them(
    kept: Path, tmp_path: Path
) -> None:
    own = tmp_path / "mlflow.db"
    MlflowClient(f"sqlite:///{own}").search_experiments()
    assert rows(kept, COLUMNS) == rows(own, COLUMNS) != []
    revision = "SELECT version_num FROM alembic_version"
    assert rows(kept, revision) == rows(own, revision) != []
    for table in ("experiments", "runs", "registered_models"):
        assert rows(kept, f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_registry_begins_with_a_first_experiment_of_its_own_time(tmp_path: Path) -> None:
    """By which it is told from another one at the same place."""
    before = Registry(f"sqlite:///{tmp_path}/mlflow.db")
    assert before.models() == []
    known = before.identity()
    (tmp_path / "mlflow.db").unlink()
    (tmp_path / "other").mkdir()
    other = Registry(f"sqlite:///{tmp_path}/other/mlflow.db")
    assert other.identity().rpartition("#")[2] != known.rpartition("#")[2]
