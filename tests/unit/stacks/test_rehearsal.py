"""A compiled Kubeflow pipeline taken apart into the tasks that KFP's own runner takes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stacks.rehearsal import (
    IDENTITY,
    Limits,
    alone,
    container,
    environment,
    identified,
    limits,
    quantity,
    tasks,
)

PIPELINE: dict[str, Any] = {
    "schemaVersion": "2.1.0",
    "pipelineInfo": {"name": "training"},
    "components": {f"comp-{name}": {"executorLabel": f"exec-{name}"} for name in "abc"},
    "deploymentSpec": {
        "executors": {
            f"exec-{name}": {
                "container": {
                    "image": f"image-of-{name}",
                    "command": ["python"],
                    "env": [{"name": "WHO", "value": name}],
                }
            }
            for name in "abc"
        }
    },
    "root": {
        "dag": {
            "tasks": {
                "c": {"componentRef": {"name": "comp-c"}, "dependentTasks": ["a", "b"]},
                "b": {"componentRef": {"name": "comp-b"}, "dependentTasks": ["a"]},
                "a": {"componentRef": {"name": "comp-a"}},
            }
        }
    },
}


def test_a_task_comes_after_all_that_it_needs() -> None:
    """In the order of the dependencies, not of the names."""
    assert tasks(PIPELINE) == ["a", "b", "c"]


def test_a_task_alone_is_what_it_is_in_the_pipeline() -> None:
    """Its component and its executor stay as they are, and the pipeline too."""
    single = alone(PIPELINE, "b")
    assert single["root"]["dag"]["tasks"] == {"b": {"componentRef": {"name": "comp-b"}}}
    assert list(single["components"]) == ["comp-b"]
    executors = PIPELINE["deploymentSpec"]["executors"]
    assert container(single) == executors["exec-b"]["container"]
    assert environment(container(single)) == {"WHO": "b"}
    assert alone(PIPELINE, "c")["schemaVersion"] == "2.1.0"
    assert "dependentTasks" in PIPELINE["root"]["dag"]["tasks"]["b"]


def test_the_runs_identity_is_filled_in_where_a_command_asks_for_it() -> None:
    """The runner would give each task one of its own, and ZenML would see as many runs."""
    asking = alone(PIPELINE, "a")
    container(asking)["command"] = ["python", "-c", "...", IDENTITY]
    known = identified(asking, "run-7")
    assert container(known)["command"] == ["python", "-c", "...", "run-7"]


def test_kfp_writes_the_identity_so() -> None:
    """Another release of KFP may write something else."""
    from kfp import dsl

    assert dsl.PIPELINE_JOB_ID_PLACEHOLDER == IDENTITY


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ({}, Limits()),
        ({"resourceCpuLimit": "500m"}, Limits(cpu=500_000_000)),
        ({"cpuLimit": 2.0, "resourceCpuLimit": "2"}, Limits(cpu=2_000_000_000)),
        ({"cpuLimit": 0.5}, Limits(cpu=500_000_000)),
        ({"resourceMemoryLimit": "512Mi"}, Limits(memory=512 * 1024**2)),
        ({"memoryLimit": 0.5}, Limits(memory=500_000_000)),
        ({"memoryLimit": 0.5, "resourceMemoryLimit": "1G"}, Limits(memory=1_000_000_000)),
    ],
)
def test_limits_are_told_as_docker_counts_them(
    resources: dict[str, object], wanted: Limits
) -> None:
    """Both of the fields that KFP has written for them."""
    assert limits({"resources": resources}) == wanted


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 999), st.sampled_from("KMGTP"))
def test_a_binary_unit_is_larger_than_its_decimal_one(number: int, unit: str) -> None:
    """And both are larger than the number alone."""
    assert number < quantity(f"{number}{unit}") < quantity(f"{number}{unit}i")


@pytest.mark.parametrize("text", ["", "much", "-1", "1Zi", "1 Gi", "Gi"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    """And named."""
    with pytest.raises(ValueError, match="is no quantity"):
        quantity(text)
