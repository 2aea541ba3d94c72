"""The store that a first command begins with."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest
import yaml

from stacks.blank_store import blank, folder, identity
from tests.integration.stacks.conftest import Run


def rows(path: Path, question: str) -> list[tuple[object, ...]]:
    """What a database answers."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found = connection.execute(question).fetchall()
    connection.close()
    return found


@pytest.fixture(scope="module")
def home(environment: Mapping[str, str]) -> Path:
    """Where this module's ZenML keeps its things."""
    return Path(environment["ZENML_CONFIG_PATH"])


def test_a_first_command_begins_with_a_store_of_its_users_own(run: Run, home: Path) -> None:
    """Its flavors are those of the empty store, which holds nobody's user, stack or project."""
    done = run("python", "run.py", "stack", "list", "--json")
    assert done.returncode == 0, done.stderr
    store = home / "stores" / "default_zen_store" / "zenml.db"
    owner = UUID(yaml.safe_load((home / "config.yaml").read_text())["user_id"])
    assert rows(store, "SELECT id, enable_analytics FROM server_settings") == [(owner.hex, 0)]
    flavors = "SELECT id, type, name FROM flavor ORDER BY id"
    kept = blank(folder(), identity())
    assert rows(store, flavors) == rows(kept, flavors) != []
    assert rows(store, "SELECT count(*) FROM user") == [(1,)]
    for table in ("user", "stack", "project"):
        assert rows(kept, f"SELECT count(*) FROM {table}") == [(0,)]
