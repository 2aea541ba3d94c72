"""What the pod of a step asks of a cluster."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?([EPTGMK]i?)?$")]


class Toleration(BaseModel):
    """A taint that a pod puts up with.

    Args:
        taint: Its key; a stack's file takes anything called `key` for a credential.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    taint: str | None = None
    operator: Literal["Equal", "Exists"] | None = None
    value: str | None = None
    effect: Literal["NoExecute", "NoSchedule", "PreferNoSchedule"] | None = None


class Pod(BaseModel):
    """What a step's pod asks for; what is left out is left to the cluster.

    Args:
        cpu: In cores, such as `0.5`: what it gets, and no more.
        memory: Such as `4Gi`: what it gets, and no more.
        gpu_type: What the cluster calls its GPUs.
        environment_from: By the name of a Kubernetes secret, which of its keys become variables.
        timeout: Seconds after which the cluster ends the pod.
        root: Whether its image may run as root, and as whatever else it says. Left out, Kubernetes
            is asked to refuse that, and Kubeflow lets the image decide.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpu: Annotated[float, Field(gt=0)] | None = None
    memory: Quantity | None = None
    gpu: Annotated[int, Field(ge=0)] | None = None
    gpu_type: str | None = None
    node_selectors: dict[str, str] | None = None
    tolerations: tuple[Toleration, ...] | None = None
    environment_from: dict[str, tuple[str, ...]] | None = None
    timeout: Annotated[int, Field(gt=0)] | None = None
    root: bool | None = None


def pod_of(step: str, pods: dict[str, Pod]) -> Pod:
    """What the patterns that fit a step's name say together; of two, the later one."""
    said: dict[str, Any] = {}
    for pattern, pod in pods.items():
        if fnmatchcase(step, pattern):
            said |= pod.model_dump(exclude_none=True)
    return Pod(**said)


def wish(step: str, asked: Any, pods: dict[str, Pod], timeout: float | None = None) -> Pod:
    """What a step's own settings ask for, over what the stack says of its pod.

    Args:
        asked: ZenML's resource settings.
        timeout: Seconds that the run config gives the step.
    """
    memory = asked.memory
    # `4GiB` to ZenML is `4Gi` to Kubernetes.
    own = {"cpu": asked.cpu_count, "gpu": asked.gpu_count}
    own["timeout"] = ceil(timeout) if timeout else None
    own["memory"] = memory.removesuffix("B") if memory else None
    said = pod_of(step, pods).model_dump(exclude_none=True)
    return Pod(**said | {key: value for key, value in own.items() if value is not None})


def largest(pods: Sequence[Pod]) -> Pod:
    """What a pod asks for that runs several steps in turn: the most that any of them does.

    Time is added up, where each of them has its own; of what cannot be compared the last one's
    stays.
    """
    if len(pods) == 1:
        return pods[0]
    found: dict[str, Any] = {}
    for pod in pods:
        found |= pod.model_dump(exclude_none=True)
    for name, size in SIZES.items():
        if held := [value for pod in pods if (value := getattr(pod, name)) is not None]:
            found[name] = max(held, key=size)
    times = [pod.timeout for pod in pods if pod.timeout is not None]
    found["timeout"] = sum(times) if len(times) == len(pods) else None
    return Pod(**found)


def bytes_of(quantity: str) -> float:
    """A quantity of Kubernetes as a number."""
    number = quantity.rstrip("EPTGMKi")
    unit = quantity[len(number) :]
    power = "KMGTPE".find(unit[:1]) + 1 if unit else 0
    return float(number) * (1024.0 if unit.endswith("i") else 1000.0) ** power


SIZES: dict[str, Callable[[Any], float]] = {
    "cpu": float,
    "memory": bytes_of,
    "gpu": float,
}
