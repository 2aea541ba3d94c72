"""What a pod asks for, as Kubeflow is told of it."""

from typing import Any

from stacks.flavors.dealing.pods import Pod
from stacks.flavors.kubeflow.pods import ask_for


def sent(pod: Pod) -> dict[str, Any]:
    """What Kubernetes is told of a task beside its container."""
    from google.protobuf import json_format
    from kfp import dsl

    @dsl.container_component
    def some() -> dsl.ContainerSpec:
        return dsl.ContainerSpec(image="x", command=["true"])

    @dsl.pipeline
    def only() -> None:
        ask_for(some(), pod)

    platforms = only.platform_spec.platforms
    asked = platforms["kubernetes"].deployment_spec.executors["exec-some"] if platforms else {}
    return json_format.MessageToDict(asked) if asked else {}


def test_kubeflow_refuses_root_where_the_stack_says_so() -> None:
    """An older Kubeflow may not know the word, so that it is not said unasked."""
    assert sent(Pod()) == {}
    assert sent(Pod(root=False)) == {"securityContext": {"runAsNonRoot": True}}
