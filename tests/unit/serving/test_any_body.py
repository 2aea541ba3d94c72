"""Whatever is sent, the answer is a 2xx or a 4xx in JSON, and never a 500."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.log import PredictionLog
from serving.openapi import seldon_body, v2_body
from serving.routes import App
from serving.service import Served
from serving.spec import SELDON
from tests.unit.serving.client import Client
from tests.unit.serving.conftest import TOKEN, VERSIONS
from tests.unit.serving.tiny import EMPTY_ROW, ROW, model, schema

INFER = "/v2/models/shop/infer"
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from([*schema().names, "name", "data", "names", "BYTES", "FP64", "BOOL"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["data", "names", "inputs", "shape"]) | st.text(), inner)
    ),
    max_leaves=20,
)
RIGHT = [v2_body(schema(), [ROW, EMPTY_ROW]), seldon_body(schema(), [ROW, EMPTY_ROW])]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    log: Path = tmp_path_factory.mktemp("log")
    app = App(Served(model()), PredictionLog(log), VERSIONS, token=TOKEN)
    with Client(app) as client:
        yield client


def check(client: Client, path: str, body: bytes) -> None:
    answer = client.post(path, content=body)
    assert 200 <= answer.status_code < 300 or 400 <= answer.status_code < 500, answer.text
    told = answer.json()
    if answer.status_code >= 400:
        assert set(told) == ({"status"} if path == SELDON else {"error"})


@given(body=JSON, path=st.sampled_from([INFER, SELDON]))
def test_any_json(client: Client, body: object, path: str) -> None:
    check(client, path, orjson.dumps(body))


@given(body=st.binary(max_size=200), path=st.sampled_from([INFER, SELDON]))
def test_any_bytes(client: Client, body: bytes, path: str) -> None:
    check(client, path, body)


@settings(max_examples=100)
@given(right=st.sampled_from(RIGHT), wrong=JSON, choices=st.lists(st.integers(0, 50), max_size=6))
def test_a_right_request_with_any_one_part_replaced(
    client: Client, right: object, wrong: object, choices: list[int]
) -> None:
    body = orjson.loads(orjson.dumps(right))
    replace(body, wrong, choices)
    for path in (INFER, SELDON):
        check(client, path, orjson.dumps(body))


@given(
    body=st.sampled_from([orjson.dumps(right) for right in RIGHT]),
    at=st.integers(0, 400),
    cut=st.integers(0, 30),
    put=st.sampled_from([b"", b"NaN", b"-Infinity", b"1e999", b'"\\ud800"', b"\x00", b"9" * 40]),
)
def test_a_right_request_with_bytes_changed(
    client: Client, body: bytes, at: int, cut: int, put: bytes
) -> None:
    for path in (INFER, SELDON):
        check(client, path, body[:at] + put + body[at + cut :])


def replace(body: Any, wrong: object, choices: list[int]) -> None:
    """Walk down by the choices and put the wrong value where they end."""
    for choice in choices or [0]:
        keys = list(body) if isinstance(body, dict) else list(range(len(body)))
        if not keys:
            return
        key = keys[choice % len(keys)]
        if choice is (choices or [0])[-1] or not isinstance(body[key], (dict, list)):
            body[key] = wrong
            return
        body = body[key]
