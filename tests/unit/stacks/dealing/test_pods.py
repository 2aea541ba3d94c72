"""What a stack's file says of pods, by patterns of step names."""

from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from stacks.flavors.dealing.pods import Pod, largest, pod_of, wish

PODS = {
    "*": Pod(cpu=0.5, memory="1Gi"),
    "train_*": Pod(memory="8Gi", node_selectors={"pool": "large"}),
    "train_network": Pod(gpu=1),
}


def test_a_step_is_told_what_every_pattern_that_fits_says_the_later_one_first() -> None:
    assert pod_of("load_table", PODS) == Pod(cpu=0.5, memory="1Gi")
    assert pod_of("train_network", PODS) == Pod(
        cpu=0.5, memory="8Gi", gpu=1, node_selectors={"pool": "large"}
    )


def test_a_step_that_no_pattern_fits_asks_for_nothing() -> None:
    assert pod_of("load_table", {"train_*": Pod(gpu=1)}) == Pod()


@pytest.mark.parametrize("memory", ["4GiB", "four", "-1Gi", "4 Gi"])
def test_a_memory_that_kubernetes_would_refuse_is_refused_here(memory: str) -> None:
    with pytest.raises(ValidationError):
        Pod(memory=memory)


def test_an_unknown_wish_is_refused() -> None:
    with pytest.raises(ValidationError, match="memroy"):
        Pod.model_validate({"memroy": "4Gi"})


def test_a_pod_of_several_steps_asks_for_the_most_that_any_does() -> None:
    """Sizes by their worth and not by their spelling; time adds up where each has its own."""
    pods = [Pod(cpu=2, memory="900Mi", timeout=60), Pod(cpu=0.5, memory="1Gi", timeout=30)]
    assert largest(pods) == Pod(cpu=2, memory="1Gi", timeout=90)
    assert largest([Pod(timeout=60), Pod(memory="1G")]) == Pod(memory="1G")
    assert largest([Pod(memory="1G"), Pod(memory="1Gi"), Pod(gpu=1)]) == Pod(memory="1Gi", gpu=1)
    assert largest([Pod(cpu=3)]) == Pod(cpu=3)


def test_the_run_configs_time_for_a_step_is_its_pods_over_what_the_stack_gives() -> None:
    """Kubernetes counts whole seconds; a step that is given none has the stack's."""
    nothing = SimpleNamespace(cpu_count=None, gpu_count=None, memory=None)
    pods = {"*": Pod(timeout=600, cpu=1)}
    assert wish("blend", nothing, pods, 90.5) == Pod(timeout=91, cpu=1)
    assert wish("blend", nothing, pods) == Pod(timeout=600, cpu=1)
