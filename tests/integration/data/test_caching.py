"""What ZenML serves from its cache, on a real store."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from steps.data.hashing import table_digest
from tests.unit.data.tables import customers

ROOT = Path(__file__).resolve().parents[3]
ALL_DONE = {"load_table": "completed", "validate": "completed", "split_rows": "completed"}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the pipeline printed in a process and on a store of its own."""
    folder = tmp_path_factory.mktemp("store")
    environment = {
        **os.environ,
        "ZENML_CONFIG_PATH": str(folder / "zenml"),
        "ZENML_LOCAL_STORES_PATH": str(folder / "stores"),
        "ZENML_ANALYTICS_OPT_IN": "false",
        "ZENML_CUSTOM_SOURCE_ROOT": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.data.cached_pipeline", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_second_run_is_served_from_the_cache(seen: Any) -> None:
    """The same file with the same settings costs no step."""
    assert seen["runs"]["first"] == ALL_DONE
    assert set(seen["runs"]["again"].values()) == {"cached"}


def test_equal_content_keeps_what_follows_cached(seen: Any) -> None:
    """Another file of the same content is read, and nothing behind it is done again."""
    statuses = {"load_table": "completed", "validate": "cached", "split_rows": "cached"}
    assert seen["runs"]["other format"] == statuses


def test_a_contract_is_checked_without_another_split(seen: Any) -> None:
    """A new champion renews the checks, and equal checks leave the split alone."""
    statuses = {"load_table": "cached", "validate": "completed", "split_rows": "cached"}
    assert seen["runs"]["contract"] == statuses


def test_other_content_is_worked_on_anew(seen: Any) -> None:
    """A changed table ends the cache of everything behind it."""
    assert seen["runs"]["other content"] == ALL_DONE


def test_the_store_holds_no_variable_filled_in(seen: Any) -> None:
    """What an address leaves to the environment never reaches ZenML's database."""
    assert seen["address"] == "$(TABLES)/a.csv"


def test_artifacts_say_what_they_are(seen: Any) -> None:
    """The table's version carries its digest, the test rows how they were chosen."""
    assert seen["digest"] == table_digest(customers())
    assert seen["split"]["by"] == "row"
    assert seen["names"] == ["age", "income", "since", "city", "member"]
