"""The Open Inference Protocol v2: what it answers and what it refuses."""

from typing import Any

import numpy as np
import pytest

from tests.unit.serving.client import INFER, Client, outputs, v2
from tests.unit.serving.tiny import EMPTY_ROW, ROW, columns, model


def test_v2_answers_label_and_scores(client: Client) -> None:
    answer = client.post(INFER, json={**v2(ROW, EMPTY_ROW), "id": "mine"})
    expected = model().predict(columns(ROW, EMPTY_ROW))
    assert answer.status_code == 200
    assert {**answer.json(), "outputs": None} == {
        "model_name": "shop",
        "model_version": "1",
        "id": "mine",
        "outputs": None,
    }
    assert outputs(answer)["label"] == {
        "name": "label",
        "datatype": "BYTES",
        "shape": [2],
        "data": expected.labels,
    }
    scores = outputs(answer)["scores"]
    assert (scores["datatype"], scores["shape"]) == ("FP32", [2, 2])
    assert np.array(scores["data"], dtype=np.float32).tobytes() == expected.scores.tobytes()


def test_columns_may_come_in_any_order_and_as_a_column_vector(client: Client) -> None:
    body = v2(ROW, EMPTY_ROW)
    plain = client.post(INFER, json=body).json()["outputs"]
    for tensor in body["inputs"]:
        tensor.update(shape=[2, 1], data=[[value] for value in tensor["data"]])
    body["inputs"].reverse()
    assert client.post(INFER, json=body).json()["outputs"] == plain


def test_only_the_outputs_asked_for_are_answered(client: Client) -> None:
    answer = client.post(INFER, json={**v2(ROW), "outputs": [{"name": "label"}]})
    assert list(outputs(answer)) == ["label"]
    refused = client.post(INFER, json={**v2(ROW), "outputs": [{"name": "labels"}]})
    assert refused.status_code == 400
    assert "Did you mean 'label'?" in refused.json()["error"]


def test_the_models_own_pages(client: Client) -> None:
    assert client.get("/v2").json()["name"] == "switchyard"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models/shop/versions/1/ready").json() == {"name": "shop", "ready": True}
    described = client.get("/v2/models/shop").json()
    assert described["versions"] == ["1"]
    types = {tensor["name"]: tensor["datatype"] for tensor in described["inputs"]}
    assert types == {
        "age": "FP64",
        "visits": "INT64",
        "joined": "BYTES",
        "city": "BYTES",
        "tier": "INT64",
        "member": "BOOL",
    }
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json()["version"] == "1"


def test_a_version_is_addressed_by_its_path(client: Client) -> None:
    assert client.post("/v2/models/shop/versions/1/infer", json=v2(ROW)).status_code == 200
    refused = client.post("/v2/models/shop/versions/7/infer", json=v2(ROW))
    assert refused.status_code == 404
    assert refused.json()["error"] == "Model 'shop' has no version '7' here; it serves '1'."


TENSORS: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, 'must have a "name"'),
    ({"name": "aeg"}, "Unknown column 'aeg'. Did you mean 'age'"),
    ({"name": "visits"}, "Column 'visits' is given twice"),
    ({"datatype": "BYTES"}, "Column 'age' must have datatype"),
    ({"datatype": []}, "Column 'age' must have datatype"),
    ({"datatype": None}, "Column 'age' must have datatype"),
    ({"shape": [2]}, "shape of column 'age' must be [1]"),
    ({"shape": "[1]"}, "shape of column 'age' must be [1]"),
    ({"shape": [[1]]}, "shape of column 'age' must be [1]"),
    ({"data": "4"}, "data of column 'age' must be a list"),
    ({"data": {}}, "data of column 'age' must be a list"),
    ({"data": ["41"]}, "Column 'age' holds numbers"),
    ({"data": [True]}, "Column 'age' holds numbers"),
    ({"data": [[1]]}, "Column 'age' holds numbers; row 0 holds a list"),
    ({"shape": [1, 1], "data": [[1, 2]]}, "Column 'age' must hold one value a row"),
    ({"shape": [2], "data": [1, 2]}, "'visits' has 1 rows where 'age' has 2"),
]


@pytest.mark.parametrize(("changes", "told"), TENSORS)
def test_a_wrong_tensor_is_refused_by_its_column(
    client: Client, changes: dict[str, Any], told: str
) -> None:
    body = v2(ROW)
    body["inputs"][0].update(changes)
    answer = client.post(INFER, json=body)
    assert answer.status_code == 400
    assert told in answer.json()["error"]
