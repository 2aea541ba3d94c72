"""Labels that come later are checked as requests are, and written before they are answered for."""

import json
from pathlib import Path
from typing import Any

import pytest

from serving.errors import RequestError
from serving.feedback import read_labels
from serving.routes import App
from serving.spec import SELDON_FEEDBACK
from tests.unit.serving.client import Client
from tests.unit.serving.tiny import schema

FEEDBACK = "/v2/models/shop/feedback"


def written(folder: Path) -> list[dict[str, Any]]:
    """What the server keeps of labels, less the time."""
    files = sorted((folder / "feedback").glob("*.jsonl"))
    lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    return [{key: line[key] for key in ("id", "row", "label")} for line in lines if line["time"]]


def test_one_label_and_a_list_of_them_are_kept(client: Client, tmp_path: Path) -> None:
    one = client.post(FEEDBACK, json={"id": "a", "label": "yes"})
    assert (one.status_code, one.json()) == (200, {"model_name": "shop", "labels": 1})
    several = [{"id": "b", "row": row, "label": "no"} for row in range(3)]
    assert client.post(FEEDBACK, json=several).json()["labels"] == 3
    assert written(tmp_path) == [{"id": "a", "row": 0, "label": "yes"}, *several]
    assert "switchyard_log_labels_total 4" in client.get("/metrics").text


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"id": "a", "label": "yess"}, "'yess' is no class of 'bought'. Did you mean 'yes'?"),
        ({"id": "a", "label": ["yes"]}, "a list is no class of 'bought'"),
        ({"id": "a", "label": True}, "true is no class"),
        ({"id": "a"}, '"label" is missing'),
        ({"label": "yes"}, '"id" must be the id'),
        ({"id": "x" * 257, "label": "yes"}, "at most 256 characters"),
        ({"id": "a", "row": -1, "label": "yes"}, '"row" must be'),
        ({"id": "a", "row": True, "label": "yes"}, '"row" must be'),
        ({"id": "a", "rows": 1, "label": "yes"}, "no key 'rows' here. Did you mean 'row'?"),
        ([{"id": "a", "label": "no"}, {"id": "b"}], '"label" is missing (label 1)'),
        ([], "holds no label"),
        ("yes", "A label is a JSON object"),
    ],
)
def test_a_wrong_label_is_told_and_none_is_kept(
    client: Client, tmp_path: Path, body: object, told: str
) -> None:
    answer = client.post(FEEDBACK, json=body)
    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert written(tmp_path) == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/v2/models/shoe/feedback", 404), ("GET", FEEDBACK, 405)],
)
def test_a_wrong_address_is_told(client: Client, method: str, path: str, status: int) -> None:
    assert client.request(method, path, json={"id": "a", "label": "yes"}).status_code == status


def test_a_body_that_is_no_json_is_told(client: Client) -> None:
    assert "not JSON" in client.post(FEEDBACK, content=b'{"id": NaN}').json()["error"]


def test_labels_are_named_as_classes_are() -> None:
    """Whatever JSON type stands for them."""
    for classes, value, name in ((("1", "2"), 2, "2"), (("1", "2"), 2.0, "2"),
                                 (("false", "true"), True, "true")):  # fmt: skip
        body = json.dumps({"id": "a", "label": value}).encode()
        assert read_labels(body, schema(classes))[0]["label"] == name


@pytest.mark.parametrize("value", ["true", "1e39", '"many"'])
def test_a_number_is_finite(value: str) -> None:
    assert read_labels(b'{"id": "a", "label": 1.5}', schema(()))[0]["label"] == 1.5
    with pytest.raises(RequestError, match="finite number"):
        read_labels(f'{{"id": "a", "label": {value}}}'.encode(), schema(()))


@pytest.mark.parametrize(
    "truth",
    [{"ndarray": [["yes"], ["no"]]}, {"tensor": {"shape": [2, 1], "values": ["yes", "no"]}}],
)
def test_seldons_form_names_its_request_by_the_puid(
    client: Client, tmp_path: Path, truth: object
) -> None:
    body = {"response": {"meta": {"puid": "p"}}, "reward": 1.0, "truth": {"data": truth}}
    answer = client.post(SELDON_FEEDBACK, json=body)
    assert (answer.status_code, answer.json()["meta"]) == (200, {"puid": "p"})
    assert written(tmp_path) == [
        {"id": "p", "row": 0, "label": "yes"},
        {"id": "p", "row": 1, "label": "no"},
    ]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"truth": {"data": {"ndarray": ["yes"]}}}, '"puid"'),
        ({"response": {"meta": {"puid": "p"}}, "reward": 1.0}, '"truth" must hold'),
        (
            {"request": {"meta": {"puid": "p"}}, "truth": {"data": {"ndarray": ["si"]}}},
            "'si' is no",
        ),
        (["yes"], "JSON object"),
    ],
)
def test_a_wrong_truth_is_told_in_seldons_form(client: Client, body: object, told: str) -> None:
    answer = client.post(SELDON_FEEDBACK, json=body)
    assert answer.status_code == answer.json()["status"]["code"] == 400
    assert told in answer.json()["status"]["info"]


def test_a_disk_that_refuses_is_a_failure_of_the_server(app: App, tmp_path: Path) -> None:
    """A label that was not kept is not answered for."""
    (tmp_path / "feedback").write_text("no directory")
    with Client(app) as client:
        assert client.post(FEEDBACK, json={"id": "a", "label": "yes"}).status_code == 500
