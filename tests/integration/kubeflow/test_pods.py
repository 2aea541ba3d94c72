"""What a pod asks for, as Kubeflow's own compiler writes it down."""

from pathlib import Path
from typing import Any

import yaml
from kfp import compiler, dsl

from stacks.flavors.dealing.pods import Pod
from stacks.flavors.kubeflow.pods import ask_for


@dsl.container_component
def work() -> dsl.ContainerSpec:
    """A container that does nothing."""
    return dsl.ContainerSpec(image="image", command=["true"])


def compiled(pod: Pod, path: Path) -> dict[str, Any]:
    """What Kubernetes is told of a pod."""

    @dsl.pipeline(name="asks")
    def pipeline() -> None:
        ask_for(work(), pod)

    compiler.Compiler().compile(pipeline, str(path))
    _, platform = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    found = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-work"]
    return dict(found)


def test_keys_of_a_secret_become_variables(tmp_path: Path) -> None:
    """By their own names, and by reference: the compiled pipeline holds no value."""
    pod = Pod(environment_from={"store": ("AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL")})
    (asked,) = compiled(pod, tmp_path / "pipeline.yaml")["secretAsEnv"]
    assert asked["secretName"] == "store"
    variables = [(each["secretKey"], each["envVar"]) for each in asked["keyToEnv"]]
    assert variables == [(key, key) for key in ("AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL")]
