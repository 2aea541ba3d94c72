"""Runs that Airflow carries out in containers: side by side, to their end, and never in silence."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from serving.errors import ConfigError, RunError
from stacks.flavors.airflow.api import Airflow
from stacks.registered import find_component
from tests.airflow.server import LOGIN, AirflowServer
from tests.docker.cluster import Cluster
from tests.docker.confinement import STEPS_USER, confinement
from tests.integration.airflow import pipelines
from tests.ports import free_port

SECONDS = 60.0
pytestmark = pytest.mark.usefixtures("client")


def newest(pipeline: str) -> Any:
    """The newest run of a pipeline, as ZenML has it."""
    from zenml.client import Client

    runs = Client().list_pipeline_runs(pipeline=pipeline, sort_by="desc:created", hydrate=True)
    return runs.items[0]


def submitted(pipeline: Any, settings: dict[str, Any]) -> Any:
    """Run a pipeline to its end; its record."""
    pipeline.with_options(settings=settings)()
    return newest(pipeline.name)


@contextmanager
def changed(**values: object) -> Iterator[None]:
    """The orchestrator with other settings, for as long as the block."""
    before = orchestrator().configuration
    change(**values)
    try:
        yield
    finally:
        change(**{key: before.get(key) for key in values})


def change(**values: object) -> None:
    """Change settings of the orchestrator, in place."""
    from zenml.client import Client

    Client().update_stack_component(orchestrator().id, "orchestrator", configuration=values)
    # A client keeps a stack with its components until the stack itself has a new date.
    Client().update_stack(Client().active_stack_model.id)


def orchestrator() -> Any:
    """The orchestrator as ZenML has it."""
    found = find_component(("orchestrator", "airflow-tested"))
    assert found
    return found


def test_branches_run_side_by_side_in_containers(
    settings: dict[str, Any], airflow: AirflowServer, docker_engine: Any, servers: Cluster
) -> None:
    """Airflow does not drop a step's wish for memory, which ZenML alone does with Docker."""
    run = submitted(pipelines.sums, settings)
    assert str(run.status) == "completed"
    assert run.steps["right"].outputs["memory"][0].load() == pipelines.SIZE
    assert confinement(run.steps["left"].outputs["process"][0].load())["Uid"] == STEPS_USER
    left, right = run.steps["left"], run.steps["right"]
    assert max(left.start_time, right.start_time) <= min(left.end_time, right.end_time)
    assert run.run_metadata["orchestrator_url"].startswith(f"{airflow.url}/dags/sums_")
    nothing_is_left(airflow, docker_engine, servers)


def test_a_failing_step_fails_the_run_here_and_nothing_follows(settings: dict[str, Any]) -> None:
    """ZenML's own orchestrator returns before a container has begun."""
    with pytest.raises(RunError, match="ValueError: the table is empty") as told:
        submitted(pipelines.failing, settings)
    run = newest("failing")
    assert str(run.status) == "failed"
    assert {name: str(step.status) for name, step in run.steps.items()} == {"fails": "failed"}
    assert "/dags/failing_" in str(told.value)


@pytest.mark.fault(
    kind="kill -9",
    where="a step's container on Airflow",
    promise="The run is ended in ZenML too.",
    then="the next run",
)
def test_a_container_that_dies_ends_its_run_in_zenml_too(
    settings: dict[str, Any], airflow: AirflowServer, docker_engine: Any, servers: Cluster
) -> None:
    """Nobody else would tell ZenML, where such a run stays `running` for ever."""
    with pytest.raises(RunError, match="a container died while dies was at work") as told:
        submitted(pipelines.dying, settings)
    assert "'StatusCode': 137" in str(told.value)
    run = newest("dying")
    assert str(run.status) == "failed"
    assert {name: str(step.status) for name, step in run.steps.items()} == {"dies": "failed"}
    nothing_is_left(airflow, docker_engine, servers)


def test_a_run_that_takes_too_long_is_ended_with_its_container(
    settings: dict[str, Any], airflow: AirflowServer, docker_engine: Any, servers: Cluster
) -> None:
    with changed(timeout=1), pytest.raises(RunError, match="did not end in 1 seconds"):
        submitted(pipelines.waiting, settings)
    assert str(newest("waiting").status) == "failed"
    nothing_is_left(airflow, docker_engine, servers)
    # A container that begins late makes no run of its own, which nobody would end.
    dag = newest("waiting").run_metadata["airflow_dag_id"]
    api = Airflow(airflow.url, LOGIN["username"], LOGIN["password"], None)
    assert list(api.runs(dag).values()) == ["FAILED"]


def test_a_dag_that_airflow_does_not_look_for_is_told(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    wrong = changed(dag_output_dir=str(tmp_path), pickup=1.0)
    with wrong, pytest.raises(RunError, match=r"has not begun with .* in 1 seconds") as told:
        submitted(pipelines.waiting, settings)
    assert f"is {tmp_path} the directory in which it looks for DAGs" in str(told.value)
    assert str(newest("waiting").status) == "failed"
    assert not list(tmp_path.iterdir())


def test_a_dag_that_airflow_cannot_read_is_told(
    settings: dict[str, Any], airflow: AirflowServer
) -> None:
    with changed(operator="airflow.providers.nowhere.Operator"), pytest.raises(RunError) as told:
        submitted(pipelines.waiting, settings)
    assert "ModuleNotFoundError: No module named 'airflow.providers.nowhere'" in str(told.value)
    assert not list(airflow.dags.iterdir())


def test_an_airflow_that_does_not_answer_is_told_before_anything_is_written(
    settings: dict[str, Any], airflow: AirflowServer
) -> None:
    away = changed(url=f"http://127.0.0.1:{free_port()}")
    with away, pytest.raises(RunError, match="Airflow cannot be reached at"):
        submitted(pipelines.waiting, settings)
    with changed(password="wrong"), pytest.raises(ConfigError, match="refuses these credentials"):
        submitted(pipelines.waiting, settings)
    assert not list(airflow.dags.iterdir())


def nothing_is_left(airflow: AirflowServer, engine: Any, servers: Cluster) -> None:
    """Neither a DAG's file, which holds a token, nor a container."""
    assert not list(airflow.dags.iterdir())
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        held = engine.containers.list(all=True, ignore_removed=True)
        left = [
            each for each in held if f"ZENML_STORE_URL={servers.zenml.url}" in environment(each)
        ]
        if not left:
            return
        # Airflow tells its worker of a run's end, and that one ends the container.
        time.sleep(0.5)
    raise AssertionError(left)


def environment(container: Any) -> list[str]:
    """The variables of a container."""
    return list(container.attrs["Config"]["Env"] or ())
