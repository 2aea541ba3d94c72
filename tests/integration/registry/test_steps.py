"""Compare, register and promote in real pipelines on a real ZenML and MLflow store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from serving.model import Model
from steps.registry import aliases
from steps.registry.registry import Registry

ROOT = Path(__file__).resolve().parents[3]
Ran = dict[str, Any]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A first model, the same again, a better one; then a rollback and the better one again."""
    home = tmp_path_factory.mktemp("zenml")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ZENML_CONFIG_PATH": str(home),
        "ZENML_LOCAL_STORES_PATH": str(home / "stores"),
        "ZENML_CUSTOM_SOURCE_ROOT": str(ROOT),
        "ZENML_ANALYTICS_OPT_IN": "false",
        "ZENML_ENABLE_RICH_TRACEBACK": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "OMP_NUM_THREADS": "1",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.integration.registry.training_run", "1.0", "1.0", "8.0"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    result: Ran = json.loads(ended.stdout.rpartition("RESULT")[2])
    return result


def test_a_first_a_repeated_and_a_better_model_are_decided_on(ran: Ran) -> None:
    assert [run["outcome"] for run in ran["runs"]] == [
        "promote",
        "unchanged",
        "promote",
        "refuse",
    ]
    assert [run["promotion"]["champion"] for run in ran["runs"]] == ["1", "1", "2", "1"]


def test_a_repeated_model_is_registered_once_and_told_why_nothing_changed(ran: Ran) -> None:
    assert ran["versions"] == 2
    assert "has the same digest" in ran["runs"][1]["reason"]
    assert ran["history"][:2] == [["training", "", "1"], ["training", "1", "2"]]


def test_a_repeated_model_is_given_the_profile_that_an_older_release_left_out(ran: Ran) -> None:
    assert ran["profiles"] == [True, True]


def test_a_repeated_training_recomputes_only_what_the_champion_changed(ran: Ran) -> None:
    cached = {name for name, status in ran["runs"][1]["status"].items() if status == "cached"}
    same = {"plant_rows", "report_drift", "strong", "weak", "trace_lineage", "evaluate"}
    assert cached == same


def test_every_trainings_mlflow_run_holds_the_data_report(ran: Ran) -> None:
    """Also where the step that drew it was answered from the cache."""
    first, *others = (run["pages"] for run in ran["runs"])
    assert all(first)
    assert others == [first] * 3


def test_the_version_says_what_it_stands_on(ran: Ran) -> None:
    tags = ran["tags"]
    assert tags["data_digest"].startswith("sha256:")
    assert (tags["commit"], tags["config"], tags["stack"]) == ("abc123", "planted", "registry-test")
    assert json.loads(tags["split"])["by"] == "row"


def test_each_candidate_of_each_training_is_a_run_of_its_own(ran: Ran) -> None:
    assert ran["children"] == 8


def test_the_zenml_version_of_the_champion_is_in_production(ran: Ran) -> None:
    """The third run's; after the rollback the first one's."""
    assert ran["production"] == [3, 1]


def test_a_model_that_was_rolled_back_from_is_not_promoted_by_the_next_training(ran: Ran) -> None:
    assert "rolled back from" in ran["runs"][3]["reason"]
    assert ran["history"][2:] == [["rollback", "2", "1"]]


def test_a_report_is_stored_with_every_decision(ran: Ran) -> None:
    assert all(run["report"] > 5000 for run in ran["runs"])


def test_another_process_finds_the_champion_and_loads_it_both_ways(ran: Ran) -> None:
    import mlflow

    registry = Registry(ran["tracking_uri"])
    champion = aliases.champion(registry, "planted")
    assert champion is not None
    assert Model.load(Path(champion.bundle_uri)).digest == champion.digest
    with registry.as_default():
        native = mlflow.onnx.load_model("models:/planted@champion")
    assert [node.name for node in native.graph.input] == ["rows"]
