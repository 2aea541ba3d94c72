"""What the pod of a step asks of Kubernetes, and which steps share one."""

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client
from zenml.config.resource_settings import ResourceSettings
from zenml.config.retry_config import StepRetryConfig
from zenml.config.source import Source
from zenml.config.step_configurations import Step, StepConfiguration, StepSpec

from serving.errors import ConfigError
from stacks.flavors.dealing.pods import Pod
from stacks.flavors.kubernetes.dealing import dealt_snapshot
from stacks.flavors.kubernetes.pods import LOCKED, ask_for, lock, wished

SOURCE = Source(module="x", type="user")


def step(name: str, *upstream: str, **configuration: Any) -> Step:
    """A step as a snapshot has it."""
    config = StepConfiguration(name=name, **configuration)
    spec = StepSpec(source=SOURCE, upstream_steps=list(upstream), invocation_id=name)
    return Step(spec=spec, config=config, step_config_overrides=config)


def snapshot(*steps: Step) -> Any:
    """A snapshot of these steps."""
    return SimpleNamespace(step_configurations={each.spec.invocation_id: each for each in steps})


def test_a_pod_asks_for_what_its_steps_and_the_stack_say() -> None:
    heavy = {"resources": ResourceSettings(memory="3GiB", gpu_count=1)}
    dealt = dealt_snapshot(snapshot(step("load"), step("fit", "load", settings=heavy)), ())
    stack = {
        "*": Pod(cpu=0.5, memory="1Gi", environment_from={"store": ("USER",)}),
        "fit": Pod(node_selectors={"pool": "large"}, timeout=60),
        "load": Pod(timeout=30),
    }
    stack["fit"] = stack["fit"].model_copy(
        update={"tolerations": Pod.model_validate({"tolerations": [{"taint": "gpu"}]}).tolerations}
    )
    spec = client.V1PodSpec(
        containers=[client.V1Container(name="main", resources={"requests": {"memory": "400Mi"}})]
    )
    ask_for(spec, wished(dealt, "load_to_fit", stack))
    sent = client.ApiClient().sanitize_for_serialization(spec)
    (main,) = sent["containers"]
    whole = {"cpu": "0.5", "memory": "3Gi", "nvidia.com/gpu": "1"}
    assert main["resources"] == {"requests": whole, "limits": whole}
    assert main["env"] == [
        {"name": "USER", "valueFrom": {"secretKeyRef": {"name": "store", "key": "USER"}}}
    ]
    assert sent["nodeSelector"] == {"pool": "large"}
    assert sent["tolerations"] == [{"key": "gpu"}]
    assert sent["activeDeadlineSeconds"] == 90


def test_a_shared_pod_is_tried_as_often_as_the_step_that_is_tried_most() -> None:
    often = StepRetryConfig(max_retries=2)
    dealt = dealt_snapshot(snapshot(step("load"), step("fit", "load", retry=often)), ())
    assert dealt.step_configurations["load_to_fit"].config.retry == often


def test_steps_that_contradict_each_other_share_no_pod() -> None:
    both = snapshot(
        step("load", environment={"MODE": "a"}), step("fit", "load", environment={"MODE": "b"})
    )
    with pytest.raises(ConfigError, match="name 'fit' in `alone`"):
        dealt_snapshot(both, ())
    assert set(dealt_snapshot(both, ("fit",)).groups) == {"load", "fit"}


def held(security_context: Any, pod: Pod) -> Any:
    """What is sent of a container's security."""
    container = client.V1Container(name="main", security_context=security_context)
    lock(container, pod)
    return client.ApiClient().sanitize_for_serialization(container).get("securityContext")


def test_a_pod_is_kept_in_its_place_unless_the_stack_says_otherwise() -> None:
    """ZenML's own settings come as a dictionary, with everything that nobody said."""
    assert held(client.V1SecurityContext(privileged=False), Pod()) == {
        "privileged": False,
        **LOCKED,
    }
    own = {"privileged": False, "run_as_user": None, "runAsNonRoot": False}
    assert held(own, Pod()) == {**LOCKED, "privileged": False, "runAsNonRoot": False}
    assert held(client.V1SecurityContext(privileged=True), Pod()) == {"privileged": True}
    assert held(None, Pod(root=True)) is None
