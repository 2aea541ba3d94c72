"""A stack looked at as a whole, its pipelines compiled by ZenML and by KFP's own compiler."""

from collections.abc import Iterator
from typing import Any

import pytest
from zenml.config.retry_config import StepRetryConfig
from zenml.steps import BaseStep

from stacks.doctor.draft import draft
from stacks.doctor.examination import compiled, examine
from stacks.schema import StackFile, read_stack
from tests.kubernetes.standin import IMAGE, StandIn
from tests.ports import free_port
from tests.workplace import ROOT, Workplace

pytestmark = pytest.mark.usefixtures("zenml")


@pytest.fixture
def prepared() -> Iterator[Any]:
    """The pipeline as a command prepares it; what a test asks of a step ends with the test."""
    from tests.integration.stacks.doctor import toy

    steps = [each for each in vars(toy).values() if isinstance(each, BaseStep)]
    before = [each.configuration for each in steps]
    toy.toy.prepare()
    yield toy.toy
    for each, kept in zip(steps, before, strict=True):
        each._configuration = kept


def changed(file: StackFile, type_: str, **configuration: object) -> StackFile:
    """A stack file with other settings of one component."""
    (component,) = file.components[type_]
    other = component.model_copy(
        update={"configuration": {**component.configuration, **configuration}}
    )
    return file.model_copy(update={"components": {**file.components, type_: (other,)}})


def test_what_kubeflow_would_be_given_is_compiled_with_nothing_set(prepared: Any) -> None:
    """No variable, no secret, no image and no cluster: the graph and its pods are there."""
    made = draft(prepared, read_stack("kubeflow"))
    assert made.pipeline is not None
    assert set(made.pipeline["root"]["dag"]["tasks"]) == {"load", "train-a", "train-b", "judge"}
    found = compiled(prepared, read_stack("kubeflow"))
    assert "4 steps in 4 pods on 3 levels" in found.text
    asked = {pod["name"]: pod["resources"] for pod in found.details["pods"]}
    assert asked["load"] == {}
    assert asked["train_a"]["resourceMemoryLimit"] == "3Gi"


@pytest.mark.parametrize("name", ["airflow", "docker"])
def test_the_containers_of_a_stack_are_dealt_as_a_run_deals_them(prepared: Any, name: str) -> None:
    """By the flavor's own `alone`, and by the stack's where its file says more."""
    file = read_stack(name)
    assert "4 steps in 4 containers on 3 levels" in compiled(prepared, file).text
    alone = changed(file, "orchestrator", alone=["train_a"])
    assert "4 steps in 3 containers on 3 levels" in compiled(prepared, alone).text


def test_what_kubernetes_would_be_asked_for_is_told_pod_by_pod(prepared: Any) -> None:
    """A pod that starts the others comes to those of the steps."""
    found = compiled(prepared, read_stack("kubernetes"))
    assert found.text == "4 steps in 4 pods on 3 levels, and one pod that starts them"
    asked = {pod["name"]: pod["resources"] for pod in found.details["pods"]}
    assert asked["train_a"]["memory"] == "3Gi"
    prepared.invocations["load"].step.configure(environment={"THREADS": "2"})
    whole = changed(read_stack("kubernetes"), "orchestrator", alone=[])
    assert "different values of THREADS" in compiled(prepared, whole).text


def test_the_retries_of_a_step_are_kubeflows(prepared: Any) -> None:
    """Those within the pod would not outlive it."""
    asked = StepRetryConfig(max_retries=2, delay=5, backoff=3)
    prepared.invocations["train_a"].step.configure(retry=asked)
    made = draft(prepared, read_stack("kubeflow"))
    assert made.pipeline is not None
    tasks = made.pipeline["root"]["dag"]["tasks"]
    assert "retryPolicy" not in tasks["judge"]
    told = tasks["train-a"]["retryPolicy"]
    assert (told["maxRetryCount"], told["backoffDuration"], told["backoffFactor"]) == (2, "5s", 3.0)


def test_steps_that_cannot_share_a_pod_are_told(prepared: Any) -> None:
    """As the run would, an image and a minute later."""
    whole = changed(read_stack("kubeflow"), "orchestrator", alone=[])
    assert compiled(prepared, whole).state == "ok"
    prepared.invocations["load"].step.configure(environment={"THREADS": "2"})
    found = compiled(prepared, whole)
    assert found.state == "problem"
    assert "different values of THREADS" in found.text


def test_a_local_stack_has_nothing_to_mend(prepared: Any) -> None:
    """And says so of each of its components."""
    file = read_stack("local")
    found = list(examine(file, [prepared], "flights", None, deploys=True))
    assert {each.state for each in found} == {"ok"}, found
    places = [each.check for each in found]
    assert {"stack", "model_deployer 'resident'", "pipeline 'toy'", "image"} <= set(places)


def test_a_stack_that_cannot_deploy_is_told_unless_nothing_is_to_be(prepared: Any) -> None:
    """With the option that stops before."""
    file = read_stack("local")
    bare = file.model_copy(
        update={"components": {k: v for k, v in file.components.items() if k != "model_deployer"}}
    )
    *_, last = examine(bare, [prepared], "flights", None, deploys=True)
    assert (last.state, last.remedy) == ("problem", "python run.py --stack local --no-deploy")
    *_, last = examine(bare, [prepared], "flights", None, deploys=False)
    assert last.check == "image"


def test_the_command_tells_it_all_before_anything_is_there(
    cluster: StandIn, workplace: Workplace
) -> None:
    """The project's own stack file and pipelines, a cluster, and no other service."""
    nowhere = f"127.0.0.1:{free_port()}"
    done = workplace.run(
        "doctor",
        "--stack",
        str(ROOT / "stacks" / "kubeflow.yaml"),
        "--json",
        KUBECONFIG=cluster.environ["KUBECONFIG"],
        SWITCHYARD_KUBERNETES_CONTEXT="here",
        SWITCHYARD_REGISTRY=f"{nowhere}/team",
        SWITCHYARD_S3_BUCKET="s3://bucket",
        SWITCHYARD_S3_ENDPOINT=f"http://{nowhere}",
        SWITCHYARD_MLFLOW_URI=f"http://{nowhere}",
        SWITCHYARD_MLFLOW_TOKEN="token",
        SWITCHYARD_SERVING_IMAGE=IMAGE,
        SWITCHYARD_SERVING_NAMESPACE="models",
        SWITCHYARD_INGRESS_URL=cluster.ingress_url,
    )
    assert done.status == 2, done.errors
    said = {f"{each['check']}: {each['text']}": each for each in done.document}
    told = "\n".join(said)
    assert "no secret 'switchyard-s3' with key, secret" in told
    assert f"no registry answers at {nowhere}" in told
    assert "pipeline 'training': 15 steps in 6 pods on 3 levels: about 100 s" in told
    assert "there is no secret 'switchyard-store' in namespace 'models'" in told
    assert "the API server would take SeldonDeployment" in told
    assert "the service account kubeflow:pipeline-runner may do all" in told
    assert not list((workplace.home / "zenml").rglob("pipelines"))
