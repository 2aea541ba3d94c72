"""How many pods a pipeline takes, on how many levels, and what that costs before any work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stacks.doctor.draft import Draft
from stacks.doctor.finding import Finding
from stacks.flavors.dealing.groups import Group, grouped

# Seconds that Kubeflow Pipelines 2.17 was seen to take for a level of a graph (the pod of its
# driver, the step's own, its launcher and its end), and for the graph's root.
LEVEL, ROOT = 30, 10
# Seconds that a container was seen to take up to the first line of its step.
CONTAINER = 10
# Those whose containers run one after another, and those that run what they can side by side.
IN_TURN = {"kubeflow_rehearsal", "local_docker"}
SIDE_BY_SIDE = {"airflow_watched", "docker_parallel"}


def finding(name: str, draft: Draft) -> Finding:
    """What a compiled pipeline is made of."""
    check = f"pipeline '{name}'"
    steps = _many(len(draft.upstream), "step")
    if draft.alone is None:
        return Finding(check, "ok", f"{steps} in one process, one after another")
    pods = grouped(draft.upstream, draft.alone)
    details = {"steps": len(draft.upstream), "pods": _described(pods, draft)}
    levels = max(levels_of(pods).values(), default=0)
    containers, on = _many(len(pods), "container"), f"on {_many(levels, 'level')}"
    match draft.orchestrator:
        case flavor if flavor in IN_TURN:
            text, cost = f"{containers}, one after another", len(pods) * CONTAINER
        case flavor if flavor in SIDE_BY_SIDE:
            text, cost = f"{containers} {on}", levels * CONTAINER
        case _ if draft.resources is not None:
            held = f"{steps} in {_many(len(pods), 'pod')} {on}, and one pod that starts them"
            return Finding(check, "ok", held, details={**details, "levels": levels})
        case _ if draft.pipeline is None:
            return Finding(check, "ok", f"{steps} in {containers}", details=details)
        case _:
            text, cost = f"{_many(len(pods), 'pod')} {on}", levels * LEVEL + ROOT
    text = f"{steps} in {text}: about {cost} s beside the work of the steps"
    return Finding(check, "ok", text, details={**details, "levels": levels, "seconds": cost})


def levels_of(pods: Sequence[Group]) -> dict[str, int]:
    """On which level each pod is, by its name; those of a level run side by side."""
    found: dict[str, int] = {}
    for pod in pods:
        found[pod.name] = 1 + max((found[before] for before in pod.after), default=0)
    return found


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _described(pods: Sequence[Group], draft: Draft) -> list[dict[str, Any]]:
    asked = _resources(draft.pipeline) if draft.pipeline else draft.resources or {}
    return [
        {
            "name": pod.name,
            "steps": list(pod.steps),
            "after": list(pod.after),
            "resources": asked.get(pod.name, {}),
        }
        for pod in pods
    ]


def _resources(pipeline: Mapping[str, Any]) -> dict[str, Any]:
    """What the containers of a compiled pipeline ask for, by the names of their tasks."""
    executors, components = pipeline["deploymentSpec"]["executors"], pipeline["components"]
    found = {}
    for task in pipeline["root"]["dag"]["tasks"].values():
        label = components[task["componentRef"]["name"]]["executorLabel"]
        found[task["taskInfo"]["name"]] = executors[label]["container"].get("resources", {})
    return found
