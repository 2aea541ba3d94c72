"""The resident deployer with real servers, recorded in a real ZenML store."""

import json
import socket
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from onnx import TensorProto, helper

from serving.bundle import write_bundle
from serving.errors import ConfigError, DeployError, PortTakenError, SwitchyardError
from serving.schema import Column, TableSchema
from serving.spec import Deployer, ServiceSpec, Traffic, Trials
from stacks.apply import apply
from tests.integration.stacks.conftest import MakeFile, Run

if TYPE_CHECKING:
    from stacks.flavors.resident import ResidentDeployer

pytestmark = pytest.mark.usefixtures("zenml")

MakeSpec = Callable[..., ServiceSpec]


def onnx(factor: float) -> bytes:
    """A model that answers its one column times a factor."""
    node = helper.make_node("Mul", ["rows", "factor"], ["scores"])
    row = [None, 1]
    graph = helper.make_graph(
        [node],
        "times",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, row)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, row)],
        [helper.make_tensor("factor", TensorProto.FLOAT, [1], np.array([factor], np.float32))],
    )
    opsets = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString())


@pytest.fixture
def make_spec(tmp_path: Path) -> MakeSpec:
    """Write a bundle whose model multiplies by its version."""

    def make(name: str, version: str) -> ServiceSpec:
        schema = TableSchema(
            "regression", "y", (Column("x", "numeric", "float64"),), examples=({"x": 1.0},)
        )
        path = tmp_path / f"{name}-{version}"
        made = write_bundle(path, onnx(float(version)), schema, name=name, version=version)
        return ServiceSpec(name, version, str(path), made.digest)

    return make


def deployer_of(stack: str) -> "ResidentDeployer":
    """The deployer of a registered stack, as ZenML makes it."""
    from zenml.client import Client
    from zenml.stack import Stack

    model = Client().get_stack(stack, allow_name_prefix_match=False)
    deployer: ResidentDeployer = Stack.from_model(model).model_deployer
    return deployer


@pytest.fixture
def deployer(make_file: MakeFile, request: pytest.FixtureRequest) -> "Iterator[ResidentDeployer]":
    """A deployer of a stack of this test alone; its servers end with the test."""
    name = str(request.node.name).replace("_", "-")[:40]
    apply(make_file(name, model_deployer=(name, "resident", {})))
    made = deployer_of(name)
    yield made
    for endpoint in made.endpoints():
        made.stop(endpoint.name)


def answer(url: str) -> tuple[str, float]:
    """Which version answers, and with what, where the column is 2."""
    body = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [2.0]}]}
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        content = json.load(response)
    return content["model_version"], content["outputs"][0]["data"][0]


def test_another_models_service_is_never_returned_for_the_one_deployed(
    deployer: "ResidentDeployer", make_spec: MakeSpec
) -> None:
    """ZenML's base class returns any service of the flavor once there is one."""
    assert isinstance(deployer, Deployer)
    first = deployer.serve(make_spec("first", "1"))
    second = deployer.serve(make_spec("second", "5"))
    assert (first.name, second.name) == ("first", "second")
    assert first.url != second.url
    assert answer(first.predict_url) == ("1", 2.0)
    assert answer(second.predict_url) == ("5", 10.0)
    assert [endpoint.name for endpoint in deployer.endpoints()] == ["first", "second"]


def test_a_model_deployed_again_is_updated_in_place(
    deployer: "ResidentDeployer", make_spec: MakeSpec
) -> None:
    first = deployer.serve(make_spec("again", "1"))
    second = deployer.serve(make_spec("again", "2"))
    assert (second.url, second.pid, second.version) == (first.url, first.pid, "2")
    assert answer(second.predict_url) == ("2", 4.0)
    assert deployer.endpoints() == [second]


def test_a_version_is_tried_out_finished_and_started_again(
    deployer: "ResidentDeployer", make_spec: MakeSpec
) -> None:
    """ZenML's record follows, so that what is started again is the version that was finished."""
    assert isinstance(deployer, Trials)
    first = deployer.serve(make_spec("tried", "1"))
    traffic = Traffic("canary", 1.0, tolerance=3.0)
    assert deployer.try_out(make_spec("tried", "2"), traffic) == first
    assert answer(first.predict_url) == ("2", 4.0)
    seen = deployer.observe("tried")
    assert seen is not None
    assert (seen.stable.version, seen.trial.version, seen.traffic) == ("1", "2", traffic)
    done = deployer.finish("tried")
    assert (done.version, done.url, deployer.observe("tried")) == ("2", first.url, None)
    assert deployer.endpoints() == [done]
    (service,) = deployer.find_model_server(model_name="tried")
    deployer.stop_model_server(service.uuid)
    deployer.start_model_server(service.uuid)
    assert answer(first.predict_url) == ("2", 4.0)


def test_a_trial_is_withdrawn_and_one_of_nothing_is_refused(
    deployer: "ResidentDeployer", make_spec: MakeSpec
) -> None:
    assert deployer.observe("alone") is None
    with pytest.raises(DeployError, match="Nothing is served under the name 'alone'"):
        deployer.try_out(make_spec("alone", "1"), Traffic("shadow", 1.0))
    first = deployer.serve(make_spec("alone", "1"))
    deployer.try_out(make_spec("alone", "2"), Traffic("shadow", 1.0))
    assert deployer.withdraw("alone") == first
    assert deployer.observe("alone") is None
    assert answer(first.predict_url) == ("1", 2.0)


def test_a_broken_bundle_leaves_the_version_before_it_answering(
    deployer: "ResidentDeployer", make_spec: MakeSpec
) -> None:
    first = deployer.serve(make_spec("steady", "1"))
    with pytest.raises(SwitchyardError):
        deployer.serve(replace(make_spec("steady", "2"), digest="sha256:0"))
    assert deployer.endpoints() == [first]
    assert answer(first.predict_url) == ("1", 2.0)


def test_a_first_deployment_that_fails_leaves_no_record(
    deployer: "ResidentDeployer", make_spec: MakeSpec
) -> None:
    with pytest.raises(SwitchyardError):
        deployer.serve(replace(make_spec("never", "1"), digest="sha256:0"))
    assert deployer.endpoints() == []


def test_a_stopped_model_keeps_its_record_and_comes_back_at_its_url(
    deployer: "ResidentDeployer", make_spec: MakeSpec
) -> None:
    first = deployer.serve(make_spec("paused", "1"))
    assert deployer.stop("paused")
    assert [endpoint.status for endpoint in deployer.endpoints()] == ["stopped"]
    assert not deployer.stop("paused")
    assert not deployer.stop("unheard-of")
    second = deployer.serve(make_spec("paused", "2"))
    assert second.url == first.url
    assert answer(second.predict_url) == ("2", 4.0)


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden", "equals:x"])
def test_a_name_that_is_no_directorys_is_refused(deployer: "ResidentDeployer", name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be served"):
        deployer.serve(ServiceSpec(name, "1", "somewhere", "sha256:0"))


def test_a_server_answers_on_the_port_that_the_stack_asks_for(
    make_file: MakeFile, make_spec: MakeSpec
) -> None:
    """And where something else listens there, that is told and no other port is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        apply(make_file("fixed", model_deployer=("fixed", "resident", {"port": port})))
        made = deployer_of("fixed")
        with pytest.raises(PortTakenError, match=str(port)):
            made.serve(make_spec("only", "1"))
    assert made.serve(make_spec("only", "1")).url == f"http://127.0.0.1:{port}"
    made.stop("only")


def test_two_deployers_keep_models_of_one_name_apart(
    deployer: "ResidentDeployer", make_file: MakeFile, make_spec: MakeSpec, tmp_path: Path
) -> None:
    home = {"home": str(tmp_path / "elsewhere")}
    apply(make_file("other-deployer", model_deployer=("other-deployer", "resident", home)))
    other = deployer_of("other-deployer")
    here, there = deployer.serve(make_spec("shared", "1")), other.serve(make_spec("shared", "2"))
    try:
        assert here.url != there.url
        assert (tmp_path / "elsewhere" / "shared").is_dir()
        assert deployer.endpoints() == [here]
        assert other.endpoints() == [there]
    finally:
        other.stop("shared")


def test_zenmls_own_commands_list_stop_and_start_what_is_served(
    deployer: "ResidentDeployer", make_spec: MakeSpec, run: Run
) -> None:
    from zenml.client import Client

    endpoint = deployer.serve(make_spec("listed", "3"))
    recorded = Client().list_services(service_name="equals:zenml-listed", hydrate=True).items[0]
    assert recorded.prediction_url == endpoint.predict_url
    identity = str(recorded.id)
    models = ("zenml", "model-deployer", "models")
    assert run("zenml", "stack", "set", deployer.name).returncode == 0
    listed = run(*models, "list")
    assert "listed" in listed.stdout + listed.stderr
    shown = run(*models, "get-url", identity)
    assert endpoint.predict_url in shown.stdout + shown.stderr
    assert run(*models, "stop", identity).returncode == 0
    assert [each.status for each in deployer.endpoints()] == ["stopped"]
    assert run(*models, "start", identity).returncode == 0
    assert answer(endpoint.predict_url) == ("3", 6.0)
    assert run(*models, "delete", identity).returncode == 0
    assert deployer.endpoints() == []


def test_predictions_go_to_the_artifact_store_of_the_active_stack(
    deployer: "ResidentDeployer", make_spec: MakeSpec
) -> None:
    from zenml.client import Client

    answer(deployer.serve(make_spec("logged", "1")).predict_url)
    deployer.stop("logged")
    store = Path(Client().active_stack.artifact_store.path)
    assert list((store / "predictions" / "logged").glob("date=*/hour=*/*.jsonl.gz"))


@pytest.mark.parametrize("uri", ["", "/elsewhere/predictions"])
def test_a_log_goes_where_the_stack_file_says_or_nowhere(make_file: MakeFile, uri: str) -> None:
    from stacks.flavors.prediction_log import log_settings

    name = f"log-{len(uri)}"
    apply(make_file(name, model_deployer=(name, "resident", {"log_uri": uri})))
    settings = log_settings(deployer_of(name).config)
    assert (settings.uri, settings.options) == (uri, {})
