"""Runs on the watched orchestrator: the real `kfp` client, a stand-in that executes the IR."""

import logging
import time
from pathlib import Path
from typing import Any

import pytest

from serving.errors import RunError
from stacks.registered import find_component
from tests.integration.kubeflow import pipelines
from tests.integration.kubeflow.stand_in import Backend
from tests.ports import free_port

pytestmark = pytest.mark.usefixtures("client")


def latest(pipeline: str) -> Any:
    """ZenML's record of the last run of a pipeline."""
    from zenml.client import Client

    return Client().list_pipeline_runs(pipeline=pipeline, sort_by="desc:created", hydrate=True)[0]


def statuses(run: Any) -> dict[str, str]:
    """How each step of a run ended."""
    return {name: str(step.status) for name, step in run.steps.items()}


def change(key: str, value: str) -> None:
    """Change a setting of the orchestrator, in place."""
    from zenml.client import Client

    held = find_component(("orchestrator", "kubeflow-tested"))
    assert held
    Client().update_stack_component(held.id, "orchestrator", configuration={key: value})
    # A client keeps a stack with its components until the stack itself has a new date.
    Client().update_stack(Client().active_stack_model.id)


def container(backend: Backend, step: str) -> dict[str, Any]:
    """The container that was sent for a step of the last run."""
    *_, run = backend.runs.values()
    found: dict[str, Any] = run.spec["deploymentSpec"]["executors"][f"exec-{step}"]["container"]
    return found


def test_a_run_succeeds_and_tells_where_it_is_and_what_its_steps_do(
    backend: Backend,
    client: Path,
    address: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.INFO):
        pipelines.sums()
    run = latest("sums")
    assert str(run.status) == "completed", backend.printed()
    assert run.steps["join"].outputs["sum"][0].load() == 42
    *_, there = backend.runs.values()
    assert there.state == "SUCCEEDED", backend.printed()
    assert run.orchestrator_run_id == there.identity == run.run_metadata["kubeflow_run_id"]
    url = f"{address}/#/runs/details/{there.identity}"
    assert f"Kubeflow: {url}" in caplog.text
    assert str(run.run_metadata["orchestrator_url"]) == url
    for step in ("left", "right", "join"):
        assert f"Step `{step}` has finished" in caplog.text
    # The compiled pipeline, with the token of its pods in it, is nowhere on this machine.
    assert not list(client.rglob("kubeflow/*/pipelines/*.yaml"))
    assert "Run details" not in capsys.readouterr().out


def test_pods_ask_for_what_the_stack_and_the_step_say(backend: Backend) -> None:
    """A memory of ZenML's own settings ends in a TypeError upstream."""
    assert container(backend, "right")["resources"]["resourceMemoryLimit"] == "1Gi"
    assert container(backend, "right")["resources"]["resourceCpuLimit"] == "1"
    assert container(backend, "left")["resources"]["resourceCpuLimit"] == "0.5"
    assert container(backend, "join")["resources"]["resourceMemoryRequest"] == "2Gi"


def test_a_step_that_raises_is_an_error_here() -> None:
    with pytest.raises(RunError, match="Kubeflow says FAILED"):
        pipelines.failing()
    run = latest("failing")
    assert str(run.status) == "failed"
    assert "the table is empty" in str(run.steps["fails"].exception_info.message)


@pytest.mark.fault(
    kind="kill -9",
    where="a step's pod on Kubeflow",
    promise="The run is ended in Kubeflow and in ZenML.",
    then="the next run",
)
def test_a_pod_that_dies_ends_the_run_in_both_places() -> None:
    with pytest.raises(RunError, match="a pod died while dies was at work"):
        pipelines.dying()
    run = latest("dying")
    assert (str(run.status), statuses(run)) == ("failed", {"dies": "failed"})
    assert "a pod died" in run.steps["dies"].exception_info.message


@pytest.mark.fault(
    kind="kill -9",
    where="a step's pod on Kubeflow, where `retry` is asked for",
    promise="The step is tried again in a new pod.",
    then="Kubeflow, by itself",
)
def test_a_step_whose_pod_dies_is_retried_in_a_new_pod(backend: Backend) -> None:
    pipelines.dying_once()
    assert str(latest("dying_once").status) == "completed", backend.printed()
    assert len(list(backend.runs.values())[-1].pods) == 2
    assert statuses(latest("dying_once")) == {"first": "completed", "dies_once": "completed"}


def test_a_run_that_takes_too_long_is_ended_in_both_places(backend: Backend) -> None:
    settings = {"orchestrator": {"timeout": 12}}
    with pytest.raises(RunError, match="did not end in 12 seconds"):
        pipelines.waiting.with_options(settings=settings)()
    *_, there = backend.runs.values()
    assert there.state == "CANCELED"
    assert str(latest("waiting").status) == "failed"


@pytest.mark.parametrize("resolves", [True, False])
def test_a_pod_that_begins_after_its_run_was_ended_makes_no_run_of_its_own(
    backend: Backend, resolves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would end that one. Kubeflow may be about to start a pod when it is told to stop."""
    from zenml.client import Client

    monkeypatch.setattr(backend, "resolves", resolves)
    backend.room.clear()
    try:
        with pytest.raises(RunError, match="did not end in 1 seconds"):
            pipelines.late.with_options(settings={"orchestrator": {"timeout": 1}})()
    finally:
        backend.room.set()
    backend.threads[-1].join()
    *_, there = backend.runs.values()
    assert [pod.returncode != 0 for pod in there.pods] == [True], backend.printed()
    begun = [each for each in backend.runs.values() if each.name.startswith("late")]
    assert Client().list_pipeline_runs(pipeline="late").total == len(begun)
    run = latest("late")
    assert str(run.status) == "failed"
    assert not {"running", "initializing"} & set(statuses(run).values())


def test_a_kubeflow_that_cannot_be_reached_is_an_error_and_leaves_no_run_open(address: str) -> None:
    change("kubeflow_hostname", f"http://127.0.0.1:{free_port()}")
    try:
        with pytest.raises(RunError, match="Kubeflow Pipelines cannot be reached"):
            pipelines.nightly()
    finally:
        change("kubeflow_hostname", address)
    assert str(latest("nightly").status) == "failed"


def test_a_run_that_is_stopped_by_hand_ends_in_both_places(backend: Backend) -> None:
    from zenml.utils.run_utils import stop_run

    pipelines.waiting.with_options(settings={"orchestrator": {"synchronous": False}})()
    # ZenML knows the run by its first pod.
    for _ in range(600):
        if (run := latest("waiting")).orchestrator_run_id:
            break
        time.sleep(0.2)
    stop_run(run, graceful=False)
    *_, there = backend.runs.values()
    assert there.state == "CANCELED"
    assert str(latest("waiting").status) == "stopped"
