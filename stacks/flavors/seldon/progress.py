"""Whether a version is really up, and if not, why: read from Deployments and pods.

The SeldonDeployment's own status is no witness: after a patch it still says Available, before the
new pods are, and an image that cannot be pulled it calls Creating for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from serving.errors import DeployError, ModelError
from serving.state import EXIT_MODEL
from stacks.flavors.seldon.cluster import Cluster
from stacks.flavors.seldon.manifest import CONTAINER, REVISION, variables

Json = dict[str, Any]
# Reasons for which a container waits that do not pass by waiting.
HOPELESS = (
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CrashLoopBackOff",
)


def is_up(cluster: Cluster, name: str, revisions: set[str]) -> bool:
    """Whether these revisions are what serves, each in all its pods and nothing else beside.

    Raises:
        ModelError: A pod refused its bundle.
        DeployError: A pod will not come up.
    """
    found = deployments_of(cluster, name)
    if revisions == found.keys() and all(settled(each) for each in found.values()):
        made = cluster.read(name) or {}
        return bool((made.get("status") or {}).get("state") == "Available")
    for pod in pods_of(cluster, name, revisions):
        _refuse_hopeless(cluster, pod)
    return False


def deployments_of(cluster: Cluster, name: str) -> dict[str, Json]:
    """The Deployments that run our pods and are not about to end, by revision."""
    found = {
        _revision(each["spec"]["template"]["spec"]): each
        for each in cluster.deployments(name)
        if not each["metadata"].get("deletionTimestamp")
    }
    return {revision: each for revision, each in found.items() if revision}


def pods_of(cluster: Cluster, name: str, revisions: set[str]) -> list[Json]:
    """The pods that run one of these revisions and are not about to end."""
    return [
        pod
        for pod in cluster.pods(name)
        if _revision(pod["spec"]) in revisions and not pod["metadata"].get("deletionTimestamp")
    ]


def pending(cluster: Cluster, name: str, revisions: set[str]) -> str:
    """Why nothing came up in time, in the words of the pods and the operator."""
    reasons = [reason for pod in pods_of(cluster, name, revisions) for reason in _reasons(pod)]
    for revision, deployment in deployments_of(cluster, name).items():
        if revision in revisions:
            reasons += _refusals(deployment)
    status = (cluster.read(name) or {}).get("status") or {}
    if status.get("description"):
        reasons.append(f"the operator says: {status['description']}")
    if not status:
        reasons.append("no operator has looked at it: is Seldon Core watching this namespace?")
    return "; ".join(dict.fromkeys(reasons)) or "its pods are not ready"


def _revision(pod_spec: Json) -> str:
    return variables(pod_spec).get(REVISION, "")


def settled(deployment: Json) -> bool:
    """Whether a Deployment runs what it was told last, in all its pods."""
    status = deployment.get("status") or {}
    wanted = deployment["spec"].get("replicas", 1)
    return bool(
        status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
        and wanted > 0
        and status.get("updatedReplicas", 0) >= wanted
        and status.get("availableReplicas", 0) >= wanted
        and status.get("replicas", 0) == status.get("updatedReplicas", 0)
    )


def _refuse_hopeless(cluster: Cluster, pod: Json) -> None:
    name = pod["metadata"]["name"]
    for each in _containers(pod):
        ended = _ended(each)
        if each["name"] == CONTAINER and ended.get("exitCode") == EXIT_MODEL:
            raise ModelError(f"{_last_words(cluster, name, each)} (pod {name})")
        waiting = (each.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in HOPELESS:
            words = f"{waiting['reason']}: {waiting.get('message') or 'no more is said.'}"
            if waiting["reason"] == "CrashLoopBackOff":
                words = f"It ends with status {ended.get('exitCode')} ({ended.get('reason')}): "
                words += _last_words(cluster, name, each)
            raise DeployError(f"Pod {name} does not come up. {words}")


def _reasons(pod: Json) -> Iterator[str]:
    name = pod["metadata"]["name"]
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield f"pod {name} is on no node: {condition.get('message', '')}"
    for each in _containers(pod):
        waiting = (each.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            yield f"pod {name} waits: {waiting['reason']} {waiting.get('message', '')}".rstrip()
        elif not each.get("ready"):
            yield f"pod {name} runs and is not ready"


def _refusals(deployment: Json) -> Iterator[str]:
    """Why Kubernetes makes no pod at all: a quota, or a policy of the namespace."""
    for condition in (deployment.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            yield f"Kubernetes makes no pod: {condition.get('message', '')}"


def _containers(pod: Json) -> list[Json]:
    status = pod.get("status") or {}
    found: list[Json] = status.get("containerStatuses") or []
    return found


def _ended(container: Json) -> Json:
    """How a container ended last: it may be ended now, or run again since."""
    for moment in ("state", "lastState"):
        if ended := (container.get(moment) or {}).get("terminated"):
            return dict(ended)
    return {}


def _last_words(cluster: Cluster, pod: str, container: Json) -> str:
    """The reason that a server gave in its log before it ended."""
    again = bool((container.get("lastState") or {}).get("terminated"))
    lines = [line for line in cluster.log(pod, container["name"], again).splitlines() if line]
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if told:
        return told[-1]
    message = str(_ended(container).get("message") or "").strip()
    return message or (lines[-1] if lines else "its log is empty")
