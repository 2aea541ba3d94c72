"""Candidates in a real ZenML store: kept whole, passed on as a list, and cached by content."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What two runs of the same pipeline left in a store of their own."""
    home = tmp_path_factory.mktemp("zenml")
    environment = {
        **os.environ,
        "ZENML_CONFIG_PATH": str(home / "config"),
        "ZENML_LOCAL_STORES_PATH": str(home / "stores"),
        "ZENML_CUSTOM_SOURCE_ROOT": str(ROOT),
        "ZENML_ANALYTICS_OPT_IN": "false",
        "SWITCHYARD_HOME": str(home / "records"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.training.runs"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND "))
    return json.loads(line.removeprefix("FOUND "))


def test_a_list_of_candidates_reaches_the_blend(found: Any) -> None:
    assert set(found[0]["weights"]) <= {"linear", "boosting", "network"}
    assert found[0]["metadata"] == found[0]["digest"]


def test_a_network_comes_back_from_the_store_as_a_network(found: Any) -> None:
    assert found[0]["native"] == "TabularNetwork"


def test_rows_that_are_read_anew_but_equal_leave_the_candidates_cached(found: Any) -> None:
    again = found[1]["steps"]
    assert again.pop("make_rows") == "completed"
    assert set(again.values()) == {"cached"}
    assert found[1]["content"] == found[0]["content"]
