"""gRPC by the real tritonclient: the same answers and the same refusals as over HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import tritonclient.grpc as triton
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

from serving.grpc.messages import message
from serving.resident import serve, status, stop
from serving.settings import ServerSettings
from serving.spec import Endpoint, ServiceSpec
from tests.integration.serving.conftest import MakeSpec
from tests.integration.serving.test_triton_client import DTYPES
from tests.unit.serving.certificates import issue
from tests.unit.serving.tiny import ROW, bundle, columns, model

KEY = "the key"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A server that speaks gRPC too, for all tests of this module."""
    folder = tmp_path_factory.mktemp("grpc")
    spec = ServiceSpec("shop", "1", str(folder / "1"), bundle(folder / "1").digest)
    yield serve(folder / "home", spec, ServerSettings(grpc_port=0))
    stop(folder / "home")


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[triton.InferenceServerClient]:
    """A client of that server."""
    with triton.InferenceServerClient(endpoint.grpc_target) as client:
        yield client


def inputs(count: int, **changes: object) -> list[triton.InferInput]:
    """Rows as tritonclient sends them."""
    made = []
    for name, value in {**ROW, **changes}.items():
        kind, dtype = DTYPES.get(name, ("BYTES", "O"))
        array: NDArray[np.generic] = np.full(count, value, dtype=dtype)
        made.append(triton.InferInput(name, [count], kind).set_data_from_numpy(array))
    return made


def test_it_asks_who_is_there(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("shop", "1")
    assert client.get_server_metadata().name == "switchyard"
    metadata = client.get_model_metadata("shop")
    assert [each.name for each in metadata.inputs] == list(ROW)
    assert list(metadata.versions) == ["1"]


def test_it_predicts_what_the_model_does(client: triton.InferenceServerClient) -> None:
    for count in (1, 3, 50_000):
        answer = client.infer("shop", inputs(count), request_id="mine")
        expected = model().predict(columns(*[ROW] * count))
        assert answer.get_response().id == "mine"
        assert answer.as_numpy("scores").tobytes() == expected.scores.tobytes()
        assert answer.as_numpy("label")[0].decode() == expected.labels[0]
    wanted = [triton.InferRequestedOutput("scores")]
    one = client.infer("shop", inputs(1), outputs=wanted, model_version="1")
    assert [output.name for output in one.get_response().outputs] == ["scores"]


def test_what_is_wrong_is_refused_with_its_code_and_column(
    client: triton.InferenceServerClient,
) -> None:
    wrong = inputs(1)
    wrong[0] = triton.InferInput("aeg", [1], "FP64").set_data_from_numpy(np.zeros(1))
    cases: list[tuple[Callable[[], object], str, str]] = [
        (lambda: client.infer("shop", wrong), "INVALID_ARGUMENT", "Did you mean 'age'"),
        (lambda: client.infer("shop", inputs(1, age=np.nan)), "INVALID_ARGUMENT", "'age' must"),
        (lambda: client.infer("shop", inputs(1)[1:]), "INVALID_ARGUMENT", "'age' is missing"),
        (lambda: client.infer("shoe", inputs(1)), "NOT_FOUND", "no model 'shoe'"),
        (lambda: client.infer("shop", inputs(1), "7"), "NOT_FOUND", "no version '7'"),
        (lambda: client.get_model_metadata("shoe"), "NOT_FOUND", "no model 'shoe'"),
    ]
    for ask, code, told in cases:
        with pytest.raises(InferenceServerException, match=told) as refused:
            ask()
        assert refused.value.status() == f"StatusCode.{code}"


def test_predictions_are_counted_and_logged_as_those_over_http_are(endpoint: Endpoint) -> None:
    with triton.InferenceServerClient(endpoint.grpc_target) as client:
        client.infer("shop", inputs(2), request_id="counted")
    assert 'protocol="grpc",code="200"' in httpx.get(f"{endpoint.url}/metrics").text


def test_a_client_stub_with_plain_contents_is_answered(
    client: triton.InferenceServerClient,
) -> None:
    """Clients that are written by hand fill the typed contents in place of raw ones."""
    request = service_pb2.ModelInferRequest(model_name="shop")
    fields = {"FP64": "fp64_contents", "INT64": "int64_contents", "BOOL": "bool_contents"}
    for name, value in ROW.items():
        kind, _ = DTYPES.get(name, ("BYTES", "O"))
        tensor = request.inputs.add(name=name, datatype=kind, shape=[1])
        contents = getattr(tensor.contents, fields.get(kind, "bytes_contents"))
        contents.append(value.encode() if isinstance(value, str) else value)
    answer = triton.InferResult(client._client_stub.ModelInfer(request))
    expected = model().predict(columns(ROW))
    assert answer.as_numpy("scores").tobytes() == expected.scores.tobytes()


@pytest.mark.parametrize(
    "name", ["ModelInferRequest", "ModelInferResponse", "ModelMetadataResponse"]
)
def test_the_messages_are_those_of_the_published_protocol(name: str) -> None:
    """Each field has the number, type and label that another implementation compiled."""
    check(message(name).DESCRIPTOR, getattr(service_pb2, name).DESCRIPTOR)


def check(ours: object, theirs: object) -> None:
    for field in ours.fields:  # type: ignore[attr-defined]
        other = theirs.fields_by_name[field.name]  # type: ignore[attr-defined]
        assert (field.number, field.type) == (other.number, other.type), field.full_name
        assert field.is_repeated == other.is_repeated
        if field.message_type is not None:
            check(field.message_type, other.message_type)


def test_key_and_tls_hold_for_grpc_too(home: Path, spec: MakeSpec, tmp_path: Path) -> None:
    files = issue(tmp_path, name="localhost")
    settings = ServerSettings(
        api_key=KEY, certificate=files.certificate, key_file=files.key_file, grpc_port=0
    )
    endpoint = serve(home, spec(), settings)
    target = endpoint.grpc_target.replace("127.0.0.1", "localhost")
    trust = {"ssl": True, "root_certificates": files.certificate}
    with triton.InferenceServerClient(target, **trust) as client:
        assert client.is_server_ready()
        with pytest.raises(InferenceServerException, match="needs its API key") as refused:
            client.infer("shop", inputs(1))
        assert refused.value.status() == "StatusCode.UNAUTHENTICATED"
        for headers in ({"authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}):
            answer = client.infer("shop", inputs(1), headers=headers)
            assert answer.get_response().model_version == "1"
    assert serve(home, spec("2"), settings).grpc_target == endpoint.grpc_target
    assert stop(home)
    assert (home / "server.log").read_text() == ""


def test_nothing_of_grpc_is_loaded_where_it_is_not_asked_for(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec())
    assert endpoint.grpc_target == ""
    maps = Path(f"/proc/{endpoint.pid}/maps").read_text()
    assert "onnxruntime" in maps
    assert "cygrpc" not in maps
    assert status(home) == endpoint
