"""The binary tensor data extension of the Open Inference Protocol."""

import struct
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import RequestError
from serving.protocols.binary import packed, values
from tests.unit.serving.client import INFER, Client, outputs, v2
from tests.unit.serving.tiny import ROW, columns, model, schema

KINDS = {"age": "FP64", "visits": "INT64", "tier": "INT64", "member": "BOOL"}
LENGTH = "inference-header-content-length"


def raw(name: str, data: list[Any]) -> bytes:
    """A column's values as tritonclient sends them."""
    if name in KINDS:
        kinds = {"FP64": "<f8", "INT64": "<i8", "BOOL": "?"}
        return np.array(data, dtype=kinds[KINDS[name]]).tobytes()
    return b"".join(struct.pack("<I", len(t.encode())) + t.encode() for t in data)


def binary(*rows: dict[str, object], **said: object) -> tuple[bytes, dict[str, bytes]]:
    """A body with every column as binary data, and its headers."""
    body: dict[str, Any] = {**v2(*rows), **said}
    parts = []
    for tensor in body["inputs"]:
        parts.append(raw(tensor["name"], tensor.pop("data")))
        tensor["parameters"] = {"binary_data_size": len(parts[-1])}
    text = orjson.dumps(body)
    return text + b"".join(parts), {LENGTH: b"%d" % len(text)}


def test_binary_columns_answer_as_json_ones_do(client: Client) -> None:
    body, headers = binary(ROW, ROW)
    answer = client.request("POST", INFER, content=body, headers=headers)
    plain = client.post(INFER, json=v2(ROW, ROW))
    assert answer.status_code == 200
    assert answer.json()["outputs"] == plain.json()["outputs"]


@pytest.mark.parametrize(
    ("said", "in_binary"),
    [
        ({"parameters": {"binary_data_output": True}}, {"label", "scores"}),
        ({"outputs": [{"name": "label", "parameters": {"binary_data": True}}]}, {"label"}),
        (
            {
                "parameters": {"binary_data_output": True},
                "outputs": [
                    {"name": "label", "parameters": {"binary_data": False}},
                    {"name": "scores"},
                ],
            },
            {"scores"},
        ),
    ],
)
def test_outputs_are_binary_where_that_is_asked_for(
    client: Client, said: dict[str, Any], in_binary: set[str]
) -> None:
    expected = model().predict(columns(ROW, ROW))
    answer = client.post(INFER, json={**v2(ROW, ROW), **said})
    assert answer.headers["content-type"] == "application/octet-stream"
    size = int(answer.headers[LENGTH])
    told, rest = orjson.loads(answer.content[:size]), answer.content[size:]
    for output in told["outputs"]:
        if output["name"] not in in_binary:
            assert output["data"]
            continue
        assert "data" not in output
        size = output["parameters"]["binary_data_size"]
        wanted = expected.scores if output["name"] == "scores" else expected.labels
        assert rest[:size] == packed(wanted)
        rest = rest[size:]
    assert rest == b""


def test_a_binary_request_alone_brings_no_binary_answer(client: Client) -> None:
    body, headers = binary(ROW)
    assert LENGTH not in client.request("POST", INFER, content=body, headers=headers).headers


def change(name: str, **changes: object) -> Any:
    def make() -> tuple[bytes, dict[str, bytes]]:
        body, headers = binary(ROW)
        size = int(headers[LENGTH])
        told = orjson.loads(body[:size])
        tensor = next(each for each in told["inputs"] if each["name"] == name)
        tensor.update(changes)
        text = orjson.dumps(told)
        return text + body[size:], {LENGTH: b"%d" % len(text)}

    return make


WRONG = [
    (change("age", parameters={"binary_data_size": 7}), "7 bytes are no whole number of FP64"),
    (change("age", parameters={"binary_data_size": -8}), "must be a whole number"),
    (change("age", parameters={"binary_data_size": "8"}), "must be a whole number"),
    (change("age", parameters={"binary_data_size": 10**6}), "'age' announces 1000000 bytes and"),
    (change("member", parameters={}), "bytes follow the JSON and the tensors announce"),
    (change("age", datatype="FP99"), "Column 'age' must have datatype"),
    (change("city", shape=[2]), "shape of column 'city' must be [1]"),
]


@pytest.mark.parametrize(("make", "told"), WRONG)
def test_binary_data_that_does_not_fit_is_refused_by_its_column(
    client: Client, make: Any, told: str
) -> None:
    body, headers = make()
    answer = client.request("POST", INFER, content=body, headers=headers)
    assert answer.status_code == 400
    assert told in answer.json()["error"]


@pytest.mark.parametrize("length", [b"", b"x", b"-1", b"0", b"99999", b"5", b"9" * 5000])
def test_a_wrong_length_of_the_json_is_refused(client: Client, length: bytes) -> None:
    body, _ = binary(ROW)
    answer = client.request("POST", INFER, content=body, headers={LENGTH: length})
    assert answer.status_code == 400


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_binary_number_that_is_none_is_refused_by_its_column(
    client: Client, number: float
) -> None:
    body, headers = binary({**ROW, "age": number})
    answer = client.request("POST", INFER, content=body, headers=headers)
    assert answer.status_code == 400
    assert "Column 'age' must hold finite" in answer.json()["error"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x01\x00", "4 bytes of length"),
        (b"\xff\xff\xff\xff", "4 bytes of length"),
        (b"\x01\x00\x00\x00\xff", "no UTF-8"),
    ],
)
def test_bytes_that_are_no_texts_are_refused(data: bytes, told: str) -> None:
    with pytest.raises(RequestError, match=told) as refused:
        values("city", "BYTES", data)
    assert refused.value.column == "city"


@given(st.lists(st.text(max_size=5), max_size=5))
def test_texts_come_back_as_they_were_packed(texts: list[str]) -> None:
    assert values("city", "BYTES", packed(texts)) == texts


def test_half_width_numbers_are_read() -> None:
    assert values("age", "FP16", np.array([1.5, -2], "<f2").tobytes()) == [1.5, -2.0]
    assert values("age", "BF16", (np.array([1.5], "<f4").view("<u4") >> 16).astype("<u2").tobytes())


def test_a_compressed_body_is_refused_by_its_encoding(client: Client) -> None:
    headers = {"content-encoding": b"gzip"}
    answer = client.request("POST", INFER, content=b"\x1f\x8b", headers=headers)
    assert answer.status_code == 415
    assert "Content-Encoding gzip" in answer.json()["error"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"parameters": [1]}, '"parameters" must be an object'),
        ({"outputs": [{"name": "label", "parameters": 1}]}, "of output 'label'"),
        (
            {"outputs": [{"name": "label", "parameters": {"classification": 2}}]},
            "no classification extension",
        ),
    ],
)
def test_parameters_that_cannot_be_met_are_refused(
    client: Client, said: dict[str, Any], told: str
) -> None:
    answer = client.post(INFER, json={**v2(ROW), **said})
    assert answer.status_code == 400
    assert told in answer.json()["error"]


def test_parameters_that_mean_nothing_here_change_nothing(client: Client) -> None:
    said = {"parameters": {"priority": 3, "note": "x"}}
    answer = client.post(INFER, json={**v2(ROW), **said})
    assert outputs(answer) == outputs(client.post(INFER, json=v2(ROW)))


@given(data=st.binary(max_size=80), size=st.integers(0, 80))
def test_any_bytes_behind_the_json_are_values_or_a_refusal(data: bytes, size: int) -> None:
    for column in schema().columns:
        assert fault(column.name, data[:size]) in (None, column.name)


def fault(name: str, data: bytes) -> str | None:
    """The column that a refusal names; None where the bytes were read."""
    try:
        values(name, KINDS.get(name, "BYTES"), data)
    except RequestError as refused:
        return refused.column or "none named"
    return None
