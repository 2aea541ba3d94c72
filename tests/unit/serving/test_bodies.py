"""What both protocols do alike with a request's body."""

import json

import pytest

from serving.spec import SELDON
from tests.unit.serving.client import INFER, Client, outputs, seldon, v2
from tests.unit.serving.tiny import ROW


def test_a_request_without_an_id_gets_one_of_its_own(client: Client) -> None:
    ids = {client.post(INFER, json=v2(ROW)).json()["id"] for _ in range(5)}
    assert len(ids) == 5
    assert client.post(SELDON, json=seldon(ROW)).json()["meta"]["puid"] not in ids


BODIES: list[tuple[bytes, str]] = [
    (b"", "The body is empty"),
    (b"{", "not JSON"),
    (b"\xff\xfe", "not JSON"),
    (b"[" * 100_000, "not JSON"),
    (b'{"a":' * 100_000, "not JSON"),
    (b"[" * 1000 + b"NaN" + b"]" * 1000, "not JSON"),
    (b"[" * 100_000 + b"NaN", "not JSON"),
    (b"[]", "must be a JSON object"),
    (b"null", "must be a JSON object"),
    (b"3", "must be a JSON object"),
]


@pytest.mark.parametrize(("body", "told"), BODIES)
def test_what_is_no_request_is_refused_in_the_protocols_form(
    client: Client, body: bytes, told: str
) -> None:
    answer = client.post(INFER, content=body)
    assert answer.status_code == 400
    assert told in answer.json()["error"]
    answer = client.post(SELDON, content=body)
    assert answer.status_code == 400
    status = answer.json()["status"]
    assert told in status["info"]
    assert {**status, "info": ""} == {
        "code": 400,
        "info": "",
        "reason": "MICROSERVICE_BAD_DATA",
        "status": "FAILURE",
    }


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_refused_by_column(client: Client, number: str) -> None:
    for path, body in ((INFER, v2(ROW)), (SELDON, seldon(ROW))):
        text = json.dumps(body).replace("41.5", number)
        answer = client.post(path, content=text)
        assert answer.status_code == 400
        assert "Column 'age' must hold finite" in answer.text


def test_a_number_that_json_does_not_have_beside_the_columns_is_refused(client: Client) -> None:
    text = json.dumps({**v2(ROW), "parameters": {"x": float("nan")}})
    answer = client.post(INFER, content=text)
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["error"]


@pytest.mark.parametrize("given", [3, ["x"], "x" * 257])
def test_an_id_that_is_no_short_text_is_refused(client: Client, given: object) -> None:
    assert client.post(INFER, json={**v2(ROW), "id": given}).status_code == 400
    assert client.post(SELDON, json={**seldon(ROW), "meta": {"puid": given}}).status_code == 400


@pytest.mark.parametrize("path", [INFER, SELDON])
def test_a_body_above_the_limit_is_refused(client: Client, path: str) -> None:
    answer = client.post(path, content=b"[" + b" " * 1_000_000)
    assert answer.status_code == 413
    assert "larger than 1000000 bytes" in answer.text


def test_a_large_batch_answers_as_its_rows_do(client: Client) -> None:
    """It is scored in a thread, and in one call of the model."""
    one = outputs(client.post(INFER, json=v2(ROW)))["scores"]["data"]
    many = client.post(INFER, json=v2(*[ROW] * 2000))
    assert outputs(many)["scores"]["data"] == one * 2000
