"""The real tritonclient, used as its own documentation does."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest
import tritonclient.http as triton
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from serving.resident import serve, stop
from serving.spec import Endpoint, ServiceSpec
from tests.unit.serving.tiny import ROW, bundle, columns, model

DTYPES = {"age": ("FP64", "f8"), "visits": ("INT64", "i8"), "tier": ("INT64", "i8")}
DTYPES["member"] = ("BOOL", "?")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A server for all tests of this module."""
    folder = tmp_path_factory.mktemp("triton")
    spec = ServiceSpec("shop", "1", str(folder / "1"), bundle(folder / "1").digest)
    yield serve(folder / "home", spec)
    stop(folder / "home")


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[triton.InferenceServerClient]:
    """A client of that server."""
    client = triton.InferenceServerClient(urlsplit(endpoint.url).netloc)
    yield client
    client.close()


def inputs(count: int, shape: tuple[int, ...], *, binary: bool = True) -> list[triton.InferInput]:
    """Rows as tritonclient sends them; binary is its default."""
    made = []
    for name, value in ROW.items():
        kind, dtype = DTYPES.get(name, ("BYTES", "O"))
        tensor = triton.InferInput(name, [count, *shape], kind)
        array: NDArray[np.generic] = np.full((count, *shape), value, dtype=dtype)
        tensor.set_data_from_numpy(array, binary_data=binary)
        made.append(tensor)
    return made


def test_it_asks_who_is_there(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("shop")
    assert client.is_model_ready("shop", "1")
    assert not client.is_model_ready("shop", "2")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert [each["name"] for each in client.get_model_metadata("shop")["inputs"]] == list(ROW)


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("binary", [True, False])
def test_it_predicts(
    client: triton.InferenceServerClient, shape: tuple[int, ...], binary: bool
) -> None:
    expected = model().predict(columns(ROW, ROW, ROW))
    answer = client.infer("shop", inputs(3, shape, binary=binary), request_id="mine")
    assert answer.get_response()["id"] == "mine"
    assert answer.as_numpy("scores").tobytes() == expected.scores.tobytes()
    assert [label.decode() for label in answer.as_numpy("label")] == expected.labels


@pytest.mark.parametrize("binary", [True, False])
def test_it_asks_for_one_output(client: triton.InferenceServerClient, binary: bool) -> None:
    wanted = [triton.InferRequestedOutput("scores", binary_data=binary)]
    answer = client.infer("shop", inputs(2, ()), outputs=wanted, model_version="1")
    assert answer.as_numpy("scores").shape == (2, 2)
    assert answer.as_numpy("label") is None


def test_it_tells_its_user_which_column_is_wrong(client: triton.InferenceServerClient) -> None:
    wrong = inputs(1, ())
    wrong[0] = triton.InferInput("aeg", [1], "FP64")
    wrong[0].set_data_from_numpy(np.zeros(1))
    with pytest.raises(InferenceServerException, match="Did you mean 'age'") as refused:
        client.infer("shop", wrong)
    assert refused.value.status() == "400"
    with pytest.raises(InferenceServerException, match="no model 'shoe' here"):
        client.infer("shoe", inputs(1, ()))
    with pytest.raises(InferenceServerException, match="Content-Encoding gzip"):
        client.infer("shop", inputs(1, ()), request_compression_algorithm="gzip")


def test_it_sends_a_hundred_thousand_rows(client: triton.InferenceServerClient) -> None:
    one = client.infer("shop", inputs(1, ())).as_numpy("scores")
    many = client.infer("shop", inputs(100_000, ())).as_numpy("scores")
    assert many.shape == (100_000, 2)
    assert np.unique(many, axis=0).tobytes() == one.tobytes()
    assert json.dumps(many[-1].tolist()) == json.dumps(one[0].tolist())
