"""What Airflow starts for a step: a container, its command, and what it may use."""

from __future__ import annotations

from typing import Any

from stacks.flavors.dealing.groups import GroupedSnapshot
from stacks.flavors.dealing.start import ending, in_turn

# Seconds in which a Docker engine that is busy answers: Airflow's own 60 failed runs whose steps
# had all succeeded.
ANSWER = 600
# By this label a step's container is known among all of an engine.
LABEL = "switchyard.airflow"
DOCKER = "airflow.providers.docker.operators.docker.DockerOperator"


def prepared(task: Any, dealt: GroupedSnapshot, network: str) -> None:
    """Let a task run its steps in turn, in a container that leaves nothing behind.

    Args:
        task: One of ZenML's description of a DAG, which is changed.
        network: The Docker network of its container.
    """
    task.command = ending(in_turn(task.command, dealt.groups[task.id].steps))
    configured = [step.config for step in dealt.members(task.id).values()]
    if task.operator_source == DOCKER:
        task.operator_args = {
            "network_mode": network,
            "auto_remove": "force",
            "mount_tmp_dir": False,
            "labels": {LABEL: task.id},
            "timeout": ANSWER,
            **limited(configured),
            **task.operator_args,
        }


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
