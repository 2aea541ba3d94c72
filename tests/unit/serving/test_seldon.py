"""The Seldon v1 protocol: what it answers and what it refuses."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from serving.log import PredictionLog
from serving.routes import App
from serving.schema import Column, TableSchema
from serving.service import Served
from serving.spec import SELDON, SELDON_PATHS
from tests.unit.serving.client import Client, seldon
from tests.unit.serving.conftest import VERSIONS
from tests.unit.serving.tiny import EMPTY_ROW, ROW, columns, model, schema


def test_seldon_answers_in_the_form_of_its_request(client: Client) -> None:
    rows = seldon(ROW, EMPTY_ROW)
    answer = client.post(SELDON, json={**rows, "meta": {"puid": "mine"}}).json()
    expected = model().predict(columns(ROW, EMPTY_ROW))
    assert answer["data"]["names"] == ["no", "yes"]
    assert np.array(answer["data"]["ndarray"], np.float32).tobytes() == expected.scores.tobytes()
    tags = {"model_name": "shop", "model_version": "1", "label": expected.labels}
    assert answer["meta"] == {"puid": "mine", "tags": tags}


def test_seldon_takes_a_tensor_of_numbers(tmp_path: Path) -> None:
    names = ("a", "b")
    table = TableSchema(
        "binary", "y", tuple(Column(name, "numeric", "float64") for name in names), ("no", "yes")
    )
    app = App(Served(model(table=table)), PredictionLog(tmp_path), VERSIONS, token="")
    data = {"names": ["b", "a"], "tensor": {"shape": [2, 2], "values": [1, 2, 3, 4]}}
    with Client(app) as client:
        answer = client.post(SELDON, json={"data": data}).json()["data"]
    assert answer["tensor"]["shape"] == [2, 2]
    expected = model(table=table).predict({"a": [2, 4], "b": [1, 3]}).scores.ravel()
    assert answer["tensor"]["values"] == pytest.approx(expected.tolist())


def test_a_wrong_method_is_told_in_seldons_form(client: Client) -> None:
    answer = client.get(SELDON)
    assert answer.status_code == 405
    assert answer.json()["status"]["status"] == "FAILURE"


ARRAYS: list[tuple[dict[str, Any], str]] = [
    ({"names": None}, '"data.names" must be a list'),
    ({"names": []}, '"data.names" must be a list'),
    ({"names": [1] * 6}, "nothing but text"),
    ({"names": ["age"] * 6}, "Column 'age' is given twice"),
    ({"names": ["aeg", "visits", "joined", "city", "tier", "member"]}, "Did you mean 'age'"),
    ({"names": ["visits"], "ndarray": [[3]]}, "Column 'age' is missing"),
    ({"ndarray": []}, "not an empty one"),
    ({"ndarray": [1]}, "row 0 is 1"),
    ({"ndarray": [[1]]}, "Row 0 has 1 values for 6 columns; column 'visits' has none"),
    ({"ndarray": [[0] * 7]}, "Row 0 has 7 values for 6 columns"),
]


@pytest.mark.parametrize(("changes", "told"), ARRAYS)
def test_a_wrong_array_is_refused(client: Client, changes: dict[str, Any], told: str) -> None:
    body = seldon(ROW)
    body["data"].update(changes)
    answer = client.post(SELDON, json=body)
    assert answer.status_code == 400
    assert told in answer.json()["status"]["info"]


@pytest.mark.parametrize(
    ("tensor", "told"),
    [
        (1, 'with "shape" and "values"'),
        ({"shape": [1, 6]}, 'with "shape" and "values"'),
        ({"shape": [1, 6], "values": [1, 2]}, "[rows, 6]"),
        ({"shape": [2, 6], "values": [1] * 6}, "[rows, 6]"),
        ({"shape": [0, 6], "values": []}, "no rows"),
    ],
)
def test_a_wrong_seldon_tensor_is_refused(client: Client, tensor: object, told: str) -> None:
    body = {"data": {"names": list(schema().names), "tensor": tensor}}
    answer = client.post(SELDON, json=body)
    assert answer.status_code == 400
    assert told in answer.json()["status"]["info"]


@pytest.mark.parametrize("body", [{}, {"data": 1}, {"data": {"names": ["a"]}}, {"strData": "x"}])
def test_seldon_needs_named_data(client: Client, body: object) -> None:
    assert client.post(SELDON, json=body).status_code == 400
    assert client.post(SELDON, json={**seldon(ROW), "meta": 1}).status_code == 400


@pytest.mark.parametrize("path", sorted(SELDON_PATHS))
def test_a_form_is_read_as_seldons_own_clients_send_it(client: Client, path: str) -> None:
    text = json.dumps(seldon({**ROW, "city": "Köln & Bonn"}))
    form = urlencode({"json": text, "isDefault": "False"})
    answer = client.post(path, content=form)
    assert answer.status_code == 200
    assert answer.json()["data"] == client.post(path, content=text).json()["data"]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("json=", "empty"),
        ("json=%7B", "not JSON"),
        ("json=json=json=1", "not JSON"),
        ("json=1&" + "x=1&" * 200, "more than 100 fields"),
        ("json=%5B1%5D", "must be a JSON object"),
    ],
)
def test_a_form_that_holds_no_request_is_refused(client: Client, form: str, told: str) -> None:
    answer = client.post("/predict", content=form)
    assert answer.status_code == 400
    assert told in answer.json()["status"]["info"]


def test_tags_routing_and_path_of_a_request_come_back(client: Client) -> None:
    meta = {
        "puid": "mine",
        "tags": {"a": [1], "model_version": "7"},
        "routing": {"router": -1},
        "requestPath": {"one": "image:1"},
        "metrics": [{"key": "x"}],
    }
    answer = client.post(SELDON, json={**seldon(ROW), "meta": meta}).json()["meta"]
    assert {**answer, "tags": None} == {
        "puid": "mine",
        "tags": None,
        "routing": {"router": -1},
        "requestPath": {"one": "image:1"},
    }
    assert (answer["tags"]["a"], answer["tags"]["model_version"]) == ([1], "1")


@pytest.mark.parametrize(
    ("meta", "told"),
    [
        ([], '"meta" must be an object'),
        ({"tags": [1]}, '"meta.tags" must be an object'),
        ({"routing": {"a": "b"}}, '"meta.routing.a" must be a whole number'),
        ({"requestPath": {"a": 1}}, '"meta.requestPath.a" must be text'),
        ({"tags": {"a": json.loads("[" * 400 + "]" * 400)}}, "nested too deeply"),
    ],
)
def test_a_meta_that_cannot_come_back_is_refused(client: Client, meta: object, told: str) -> None:
    answer = client.post(SELDON, json={**seldon(ROW), "meta": meta})
    assert answer.status_code == 400
    assert told in answer.json()["status"]["info"]


def test_the_orchestrators_id_is_the_requests_unless_it_has_one(client: Client) -> None:
    headers = {"seldon-puid": b"from outside"}
    answer = client.request("POST", "/predict", json=seldon(ROW), headers=headers)
    assert answer.json()["meta"]["puid"] == "from outside"
    body = {**seldon(ROW), "meta": {"puid": "mine"}}
    answer = client.request("POST", "/predict", json=body, headers=headers)
    assert answer.json()["meta"]["puid"] == "mine"
    headers = {"seldon-puid": b"x" * 300}
    assert client.request("POST", SELDON, json=seldon(ROW), headers=headers).status_code == 400


@pytest.mark.parametrize("key", ["jsonData", "strData", "binData"])
def test_data_without_columns_is_refused_by_its_key(client: Client, key: str) -> None:
    answer = client.post(SELDON, json={key: "x"})
    assert answer.status_code == 400
    assert f'"{key}" names no columns' in answer.json()["status"]["info"]


def test_what_the_orchestrator_asks_of_a_container_is_answered(client: Client) -> None:
    assert client.get("/health/ping").text == "pong"
    assert client.get("/health/status").json()["meta"]["tags"]["model_version"] == "1"
    assert client.get("/metadata").json()["name"] == "shop"
