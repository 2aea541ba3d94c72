"""Runs whose pods are containers: side by side, to their end, and never in silence."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from serving.errors import RunError
from stacks.closing import end_step
from stacks.flavors.kubernetes.pods import LOCKED
from stacks.registered import find_component
from tests.docker.confinement import CONFINED, confinement
from tests.integration.airflow.pipelines import SIZE
from tests.integration.kubernetes import pipelines
from tests.kubernetes.containers import LABEL, JobPod
from tests.kubernetes.jobs import Jobs

SECONDS = 90.0
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


def statuses(run: Any) -> dict[str, str]:
    """How each step of a run ended."""
    return {name: str(step.status) for name, step in run.steps.items()}


@contextmanager
def changed(**values: object) -> Iterator[None]:
    """The orchestrator with other settings, for as long as the block."""
    from zenml.client import Client

    held = find_component(("orchestrator", "kubernetes-tested"))
    assert held

    def change(new: dict[str, Any]) -> None:
        Client().update_stack_component(held.id, "orchestrator", configuration=new)
        # A client keeps a stack with its components until the stack itself has a new date.
        Client().update_stack(Client().active_stack_model.id)

    change(values)
    try:
        yield
    finally:
        change({key: held.configuration.get(key) for key in values})


def until(found: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Wait for something to be there."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.2)
    return value


def printed(jobs: Jobs) -> str:
    """The last words of every pod."""
    return "\n".join(f"{pod.name}: {pod.log()[-1500:].decode()}" for pod in jobs.all_pods())


def nothing_is_left(jobs: Jobs, run: Any) -> None:
    """Neither a job nor a container of a run."""
    assert not [
        j for j in jobs.jobs.values() if j["metadata"]["labels"].get("run_id") == str(run.id)
    ]
    mine = {"label": f"{LABEL}={jobs.node.name}", "status": "running"}
    until(lambda: not jobs.node.docker.containers.list(filters=mine))


def pods_of(jobs: Jobs, run: Any) -> dict[str, list[JobPod]]:
    """The pods of a run by the name of their step; those that start the others by none."""
    found: dict[str, list[JobPod]] = {}
    for pod in jobs.all_pods():
        if pod.labels.get("run_id") == str(run.id):
            found.setdefault(pod.labels.get("step_name", ""), []).append(pod)
    return found


def test_branches_run_side_by_side_in_pods_that_ask_for_what_is_said(
    settings: dict[str, Any], jobs: Jobs
) -> None:
    """ZenML's own drops a step's wish for memory, and shows the token of its pods to all."""
    run = submitted(pipelines.branches, settings)
    assert str(run.status) == "completed", printed(jobs)
    assert run.steps["right"].outputs["memory"][0].load() == SIZE
    assert confinement(run.steps["left"].outputs["process"][0].load()) == CONFINED
    left, right = run.steps["left"], run.steps["right"]
    assert max(left.start_time, right.start_time) <= min(left.end_time, right.end_time)
    pods = pods_of(jobs, run)
    assert {name: len(held) for name, held in pods.items()} == dict.fromkeys(
        ("", "left", "right", "join"), 1
    )
    assert pods["right"][0].spec["nodeSelector"] == {"pool": "small"}
    assert pods["right"][0].main["resources"]["limits"] == {"cpu": "1", "memory": "300Mi"}
    for held in pods.values():
        assert held[0].locked == {"privileged": False, **LOCKED}
    assert not jobs.secrets


def test_a_failing_step_fails_the_run_here_and_its_job_there(
    settings: dict[str, Any], jobs: Jobs
) -> None:
    """With ZenML's own the first job is complete then, and a user's mistake is tried again."""
    with pytest.raises(RunError, match="Kubernetes says FAILED") as told:
        submitted(pipelines.failing, settings)
    run = newest("failing")
    assert str(run.status) in {"failed", "stopped"}, printed(jobs)
    assert set(run.steps) == {"mistaken"}
    said = "the column 'price' is missing"
    assert run.steps["mistaken"].exception_info.message == said
    assert f"logs job/{run.run_metadata['kubernetes_job']}" in str(told.value)
    # Who closes a run may come too late for a step that ends by itself.
    end_step(run.steps["mistaken"].id, "It was at work.")
    assert newest("failing").steps["mistaken"].exception_info.message == said
    assert {len(held) for held in pods_of(jobs, run).values()} == {1}


def test_a_pod_that_runs_out_of_memory_ends_its_run(settings: dict[str, Any], jobs: Jobs) -> None:
    with pytest.raises(RunError, match="hungry_to_follows: OOMKilled, exit status 137"):
        submitted(pipelines.starving, settings)
    run = newest("starving")
    assert (str(run.status), statuses(run)) == ("failed", {"hungry": "failed"}), printed(jobs)
    said = run.steps["hungry"].exception_info.message
    assert "A pod died while hungry was at work" in said
    assert "OOMKilled" in said


def test_a_step_is_tried_again_and_a_first_pod_that_dies_begins_again(
    settings: dict[str, Any], jobs: Jobs
) -> None:
    """Where several steps share a pod, ZenML's own would not find them again."""
    done: list[Any] = []
    there = set(jobs.jobs)
    run_it = threading.Thread(
        target=lambda: done.append(submitted(pipelines.lingering, settings)), daemon=True
    )
    run_it.start()
    name = until(lambda: next(iter(set(jobs.jobs) - there), None))
    run = until(lambda: jobs.jobs[name]["metadata"]["annotations"].get("zenml.io/run-id"))
    until(lambda: len(pods_of_id(jobs, run).get("once_to_lingers", ())) == 2)
    jobs.pods[name][0].container.kill()
    until(lambda: len(jobs.pods[name]) == 2 and b"Continuing existing" in jobs.pods[name][1].log())
    go(run)
    run_it.join(SECONDS)
    assert [str(each.status) for each in done] == ["completed"], printed(jobs)
    assert statuses(done[0]) == {"once": "completed", "lingers": "completed"}


def test_a_run_that_takes_too_long_is_ended_with_its_pods(
    settings: dict[str, Any], jobs: Jobs
) -> None:
    with changed(timeout=1), pytest.raises(RunError, match="did not end in 1 seconds"):
        submitted(pipelines.waiting, settings)
    assert str(newest("waiting").status) == "failed"
    nothing_is_left(jobs, newest("waiting"))
    assert not jobs.secrets


def test_a_run_that_is_stopped_by_hand_leaves_no_pod_and_is_closed(
    settings: dict[str, Any], jobs: Jobs
) -> None:
    from zenml.utils.run_utils import stop_run

    by_itself = {**settings, "orchestrator": {"synchronous": False}}
    pipelines.waiting.with_options(settings=by_itself)()
    run = until(lambda: (found := newest("waiting")).steps.get("waits") and found)
    stop_run(run, graceful=False)
    run = newest("waiting")
    assert (str(run.status), statuses(run)) == ("stopped", {"waits": "stopped"})
    nothing_is_left(jobs, run)
    assert not jobs.secrets


def test_an_image_that_cannot_be_pulled_is_told(settings: dict[str, Any], jobs: Jobs) -> None:
    from zenml.config import DockerSettings

    gone = DockerSettings(parent_image="127.0.0.1:1/gone:1", skip_build=True)
    with pytest.raises(RunError, match="ErrImagePull"):
        submitted(pipelines.waiting, {**settings, "docker": gone})
    assert str(newest("waiting").status) == "failed"
    nothing_is_left(jobs, newest("waiting"))


def test_a_cluster_that_does_not_answer_is_told_with_its_address(settings: dict[str, Any]) -> None:
    away = changed(kubernetes_context="down")
    with away, pytest.raises(RunError, match=r"cannot be reached at https://127.0.0.1:\d+"):
        submitted(pipelines.waiting, settings)
    assert str(newest("waiting").status) == "failed"


def pods_of_id(jobs: Jobs, run: str) -> dict[str, list[JobPod]]:
    """The pods of a run that this process does not wait for."""
    return pods_of(jobs, type("Named", (), {"id": run}))


def go(run: str) -> None:
    """Let a step that lingers end."""
    from zenml.io import fileio

    with fileio.open(pipelines.mark("go", run), "w") as file:
        file.write("go")
