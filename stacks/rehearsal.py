"""A compiled Kubeflow pipeline, run task by task with the KFP SDK's own local Docker runner.

The runner takes the image, the command and the arguments from the compiled pipeline, and drops the
environment and the limits that stand beside them there. So each task is handed to it as a pipeline
of one task, with the run's identity filled in as a cluster does, and with a runner that has that
task's environment and limits.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

# What KFP writes for a run's identity, and a cluster replaces.
IDENTITY = "{{$.pipeline_job_uuid}}"
LABEL = "switchyard.rehearsal"
# What ZenML itself says of a step when it runs on this machine, heard where that is heard.
told = logging.getLogger("zenml.rehearsal")

Pipeline = Mapping[str, Any]
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|[KMGTPE]i?|k)?$")
_POWERS = "KMGTPE"


@dataclass(frozen=True)
class Limits:
    """What a container may use.

    Args:
        cpu: Billionths of a core; None without a limit.
        memory: Bytes; None without a limit.
    """

    cpu: int | None = None
    memory: int | None = None


def tasks(pipeline: Pipeline) -> list[str]:
    """The tasks of a compiled pipeline, each after those it needs."""
    found = pipeline["root"]["dag"]["tasks"]
    needs = {name: sorted(found[name].get("dependentTasks", ())) for name in sorted(found)}
    return list(TopologicalSorter(needs).static_order())


def alone(pipeline: Pipeline, task: str) -> dict[str, Any]:
    """A pipeline of this one task, as it stands in the compiled one."""
    single: dict[str, Any] = copy.deepcopy(dict(pipeline))
    kept = single["root"]["dag"]["tasks"][task]
    kept.pop("dependentTasks", None)
    single["root"]["dag"]["tasks"] = {task: kept}
    component = kept["componentRef"]["name"]
    single["components"] = {component: single["components"][component]}
    label = single["components"][component]["executorLabel"]
    executors = single["deploymentSpec"]["executors"]
    single["deploymentSpec"]["executors"] = {label: executors[label]}
    return single


def identified(single: dict[str, Any], identity: str) -> dict[str, Any]:
    """The same pipeline of one task, with the run's identity where its command asks for it."""
    asked = container(single)
    for part in ("command", "args"):
        asked[part] = [word.replace(IDENTITY, identity) for word in asked.get(part, ())]
    return single


def container(single: Pipeline) -> dict[str, Any]:
    """The container of a pipeline of one task."""
    (executor,) = single["deploymentSpec"]["executors"].values()
    found: dict[str, Any] = executor["container"]
    return found


def environment(asked: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a container, as the pipeline states them."""
    return {each["name"]: str(each["value"]) for each in asked.get("env", ())}


def limits(asked: Mapping[str, Any]) -> Limits:
    """The limits of a container, in what Docker counts in."""
    resources = asked.get("resources", {})
    cpu = resources.get("resourceCpuLimit") or resources.get("cpuLimit")
    memory = resources.get("resourceMemoryLimit") or resources.get("memoryLimit")
    # The older of the two fields counts memory in billions of bytes.
    older = "resourceMemoryLimit" not in resources
    return Limits(
        cpu=int(quantity(cpu) * 1_000_000_000) if cpu else None,
        memory=int(quantity(memory) * (1e9 if older else 1)) if memory else None,
    )


def quantity(text: object) -> float:
    """A quantity as Kubernetes writes it: 500m, 2, 512Mi, 1.5G.

    Raises:
        ValueError: It is none.
    """
    match = _QUANTITY.match(str(text))
    if match is None:
        raise ValueError(f"'{text}' is no quantity of Kubernetes")
    number, unit = float(match[1]), match[2] or ""
    if unit == "m":
        return number / 1000
    if not unit:
        return number
    power = _POWERS.index(unit[0].upper()) + 1
    return number * float(1024**power if unit.endswith("i") else 1000**power)


def rehearse(
    pipeline: Pipeline, network: str, log: Path, went_on: Callable[[], bool]
) -> str | None:
    """Run every task of a compiled pipeline in its order, each in a container of its image.

    As on a cluster, nothing new starts once a task has failed.

    Args:
        network: The Docker network of the containers.
        log: Takes what the containers print.
        went_on: Whether a task's own records say that it did its work. The runner alone takes a
            container that ended before it was looked at for one that succeeded.

    Returns:
        The task that failed; None when all completed.
    """
    # One for all tasks, since each is a run of its own to the runner.
    identity = str(uuid4())
    for index, task in enumerate(tasks(pipeline)):
        single = identified(alone(pipeline, task), identity)
        pod = f"{pipeline['pipelineInfo']['name']}-{index}"
        told.info("Step `%s` has started.", task)
        begun = time.monotonic()
        with log.open("a", encoding="utf-8") as stream, contextlib.redirect_stdout(stream):
            ended_well = _run(single, pod, network)
        if not (ended_well and went_on()):
            told.error("Failed to run step `%s`.", task)
            return task
        told.info("Step `%s` has finished in `%.3fs`.", task, time.monotonic() - begun)
    return None


def _run(single: Pipeline, pod: str, network: str) -> bool:
    """Whether the one task of a pipeline ended well."""
    from kfp import components, local

    asked = container(single)
    bounds = limits(asked)
    # A step may ask for its pod's name, which Kubeflow Pipelines' launcher sets.
    variables = {**environment(asked), "KFP_POD_NAME": f"{pod}-system-container-impl-0"}
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder, _ended(pod):
        runner = local.DockerRunner(
            environment=variables,
            network_mode=network,
            labels={LABEL: pod},
            # Kubeflow takes as much from its pods.
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            **({"nano_cpus": bounds.cpu} if bounds.cpu else {}),
            **({"mem_limit": bounds.memory} if bounds.memory else {}),
        )
        local.init(runner, pipeline_root=folder, workspace_root=f"{folder}/workspace")
        try:
            components.load_component_from_text(yaml.safe_dump(dict(single)))()
        except RuntimeError:
            return False
        finally:
            local.config.LocalExecutionConfig.instance = None
    return True


@contextlib.contextmanager
def _ended(pod: str) -> Iterator[None]:
    """End a container that an interrupted run leaves behind; the runner does not."""
    import docker

    try:
        yield
    except KeyboardInterrupt:
        with contextlib.closing(docker.from_env()) as client:
            for left in client.containers.list(filters={"label": f"{LABEL}={pod}"}):
                left.kill()
        raise
