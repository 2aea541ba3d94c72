"""A pipeline rehearsed: compiled for Kubeflow, run task by task in real containers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.docker.cluster import Cluster
from tests.docker.confinement import CONFINED, confinement
from tests.integration.rehearsal.conftest import Rehearse


@pytest.fixture(scope="module")
def well(rehearse: Rehearse) -> dict[str, Any]:
    """The pipeline that ends well."""
    return rehearse("well")


def test_a_pipeline_completes_and_its_artifacts_lie_in_the_store(
    well: dict[str, Any], servers: Cluster
) -> None:
    """Each step read what the one before it wrote, from another container."""
    assert (well["run"], well["error"]) == ("completed", "")
    assert well["outputs"]["names"] == sorted(well["outputs"]["seen"])
    assert any(key.startswith("look/") for key in servers.store.objects())


def test_limits_and_variables_are_those_of_the_compiled_pipeline(well: dict[str, Any]) -> None:
    """KFP's runner alone drops both."""
    seen = well["outputs"]["seen"]
    quota = seen["cpu"].split()
    assert int(quota[0]) == 50_000
    assert int(seen["memory"]) == 700 * 1024**2
    assert seen["asked"] == "by the pipeline"
    assert seen["pod"].endswith("-system-container-impl-0")


def test_a_step_is_not_root_and_may_nothing_that_only_root_may(well: dict[str, Any]) -> None:
    assert confinement(well["outputs"]["seen"]["process"]) == CONFINED


def test_no_framework_is_imported_that_the_step_does_not_use(well: dict[str, Any]) -> None:
    """ZenML by itself imports each one that is installed, seconds in every container."""
    assert well["outputs"]["seen"]["frameworks"] == ""


def test_the_image_came_from_the_registry_and_holds_no_code(
    well: dict[str, Any], environment: Mapping[str, str], docker_engine: Any
) -> None:
    """ZenML pushed it there, and the code was fetched from the artifact store."""
    assert well["run"] == "completed"
    registry = environment["SWITCHYARD_REGISTRY"]
    tags = httpx.get(f"http://{registry}/v2/switchyard-training/tags/list").json()["tags"]
    assert tags
    image = environment["TRAINING_IMAGE"]
    listed = docker_engine.containers.run(image, ["ls", "-A", "/app"], remove=True)
    assert listed == b""


def test_a_failing_step_fails_the_run_and_nothing_follows(rehearse: Rehearse) -> None:
    """In ZenML as here, although the orchestrator's own submission returned."""
    ended = rehearse("failing")
    assert (ended["run"], ended["steps"]) == ("failed", {"break_off": "failed"})
    assert ended["error"].startswith("RunError: The container of step 'break-off")


@pytest.mark.fault(
    kind="kill -9",
    where="a step's container in the Kubeflow rehearsal",
    promise="The run fails, with the step's name, in ZenML too.",
    then="the next run",
)
def test_a_container_that_dies_is_noticed_and_its_run_is_closed(rehearse: Rehearse) -> None:
    """Nobody else would: on a cluster such a run stays `running` for ever."""
    ended = rehearse("dying")
    assert (ended["run"], ended["steps"]) == ("failed", {"die": "failed"})
    assert "of step 'die" in ended["error"]


def test_nothing_is_left_behind(
    well: dict[str, Any], environment: Mapping[str, str], docker_engine: Any
) -> None:
    """Neither a container nor the compiled pipeline, which holds a token."""
    assert well["run"] == "completed"
    label = {"label": "switchyard.rehearsal"}
    assert docker_engine.containers.list(all=True, filters=label) == []
    home = Path(environment["ZENML_CONFIG_PATH"])
    assert [path for path in home.rglob("*.yaml") if path.parent.name == "pipelines"] == []
