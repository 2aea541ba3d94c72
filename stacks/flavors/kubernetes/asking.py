"""What Kubernetes and ZenML say of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError
from zenml.constants import DYNAMIC_PIPELINE_RUN_FAILED_EXIT_CODE

from stacks.flavors.dealing.watch import FAILED, SUCCEEDED, Look, Lost
from stacks.flavors.told import statuses

MAIN, STEP = "main", "step_name"
# What ended a container, where Kubernetes itself has no better word.
PLAIN = {"Error", "Unknown", None}
# How the pod that starts the others ends where it has told ZenML of the failure.
CONCLUDED = f"exit status {DYNAMIC_PIPELINE_RUN_FAILED_EXIT_CODE}"


def look(batch: Any, core: Any, namespace: str, job: str, run: UUID, stuck: Sequence[str]) -> Look:
    """A run as Kubernetes and ZenML have it now.

    Args:
        batch: The official client's API for jobs.
        core: And for pods.
        job: The one whose pod starts the others.
        stuck: Reasons for which a container waits that waiting does not mend.

    Raises:
        Lost: Kubernetes did not answer.
    """
    try:
        there = batch.read_namespaced_job(job, namespace)
        pods = core.list_namespaced_pod(namespace, label_selector=f"run_id={run}").items
    except ApiException as error:
        if error.status != 404:
            raise Lost(f"{error.status} {error.reason}") from error
        return Look(FAILED, *statuses(run), f"its job {job} is gone", "Kubernetes")
    except (HTTPError, OSError) as error:
        raise Lost(str(error).splitlines()[0]) from error
    state = state_of(there)
    waiting = list(obstacles(pods, job, stuck)) if state == "RUNNING" else []
    state = FAILED if waiting else state
    reason = "; ".join(waiting or deaths(pods)) if state == FAILED else ""
    return Look(state, *statuses(run), reason, "Kubernetes")


def state_of(job: Any) -> str:
    """Where a job is, in the words of a watch."""
    for condition in job.status.conditions or ():
        if condition.status == "True" and condition.type in ("Complete", "Failed"):
            return SUCCEEDED if condition.type == "Complete" else FAILED
    return "RUNNING"


def obstacles(pods: Sequence[Any], job: str, stuck: Sequence[str]) -> Iterator[str]:
    """Why a job's own pod waits for what will not come."""
    for pod in pods:
        waiting = state.waiting if (state := _main(pod)) else None
        if waiting and waiting.reason in stuck and pod.metadata.labels.get("job-name") == job:
            yield f"{waiting.reason}: {waiting.message or pod.spec.containers[0].image}"


def deaths(pods: Sequence[Any]) -> list[str]:
    """What ended each step's pod that failed; where none did, what ended the one before them."""
    failed = [pod for pod in pods if pod.status.phase == "Failed"]
    steps = [pod for pod in failed if STEP in pod.metadata.labels]
    told = {
        pod.metadata.labels.get(STEP, "the first pod"): death(pod)
        for pod in steps or failed
        if death(pod) != CONCLUDED
    }
    return [f"{name}: {said}" for name, said in told.items()]


def death(pod: Any) -> str:
    """What ended a pod."""
    if pod.status.reason:
        return str(pod.status.reason)
    ended = state.terminated if (state := _main(pod)) else None
    if ended is None:
        return "it was never begun"
    status = f"exit status {ended.exit_code}"
    return status if ended.reason in PLAIN else f"{ended.reason}, {status}"


def _main(pod: Any) -> Any:
    """The state of a pod's one container."""
    held = pod.status.container_statuses or ()
    return next((each.state for each in held if each.name == MAIN), None)
