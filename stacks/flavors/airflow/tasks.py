"""What Airflow starts for a step: a container, its command, and what it may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stacks.flavors.dealing.groups import GroupedSnapshot
from stacks.flavors.dealing.start import ending, in_turn

if TYPE_CHECKING:
    from stacks.flavors.airflow.flavor import WatchedAirflowConfig

# Seconds in which a Docker engine that is busy answers: Airflow's own 60 failed runs whose steps
# had all succeeded.
ANSWER = 600
# By this label a step's container is known among all of an engine.
LABEL = "switchyard.airflow"
DOCKER = "airflow.providers.docker.operators.docker.DockerOperator"
# Where a container finds the way to a cluster.
KUBECONFIG = "/etc/switchyard/kubeconfig"


def prepared(task: Any, dealt: GroupedSnapshot, config: WatchedAirflowConfig) -> None:
    """Let a task run its steps in turn, in a container that leaves nothing behind.

    Args:
        task: One of ZenML's description of a DAG, which is changed.
    """
    task.command = ending(in_turn(task.command, dealt.groups[task.id].steps))
    configured = [step.config for step in dealt.members(task.id).values()]
    if task.operator_source == DOCKER:
        asked = dict(task.operator_args)
        if config.kubeconfig:
            task.environment["KUBECONFIG"] = KUBECONFIG
            asked["mounts"] = [seen(config.kubeconfig, KUBECONFIG), *asked.get("mounts", ())]
        task.operator_args = {
            "network_mode": config.network,
            "auto_remove": "force",
            "mount_tmp_dir": False,
            "labels": {LABEL: task.id},
            "timeout": ANSWER,
            **limited(configured),
            **asked,
        }


def seen(source: str, target: str) -> dict[str, object]:
    """A file of a worker's machine that a container reads, as Docker's API is told of it."""
    return {"Type": "bind", "Source": source, "Target": target, "ReadOnly": True}


def limited(configured: list[Any]) -> dict[str, Any]:
    """The most that any of the steps asks for; of processors Docker is told a share."""
    memory = [each.resource_settings.get_memory("KiB") for each in configured]
    cores = [each.resource_settings.cpu_count for each in configured]
    found: dict[str, Any] = {}
    if known := [each for each in memory if each]:
        found["mem_limit"] = f"{int(max(known))}k"
    if known := [each for each in cores if each]:
        found["cpus"] = float(max(known))
    return found
