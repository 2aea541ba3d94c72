"""Whatever a gRPC message holds, it is read or refused, and the refusal names the column."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving import service
from serving.errors import RequestError
from serving.grpc import messages
from serving.grpc.wire import Message
from serving.service import Served
from serving.spec import GRPC_INFER
from tests.unit.serving.tiny import ROW, columns, model

KINDS = {"age": "FP64", "visits": "INT64", "tier": "INT64", "member": "BOOL"}
FIELDS = sorted(set(messages.FIELDS.values()))
SERVED = Served(model())


def request(**changes: dict[str, Any]) -> Any:
    """A request for the row, with typed contents; a column's changes come last."""
    told = messages.message("ModelInferRequest")(model_name="shop")
    for name, value in ROW.items():
        kind = KINDS.get(name, "BYTES")
        data = value.encode() if isinstance(value, str) else value
        tensor: dict[str, Any] = {"name": name, "datatype": kind, "shape": [1]}
        tensor["contents"] = {messages.FIELDS[kind]: [data]}
        told.inputs.add(**{**tensor, **changes.get(name, {})})
    return told


def answer(told: Any) -> tuple[int, bytes]:
    made = service.answer(SERVED.model, SERVED.wire(GRPC_INFER), Message.of(told))
    return made.status, made.body


def test_typed_contents_answer_what_the_model_does() -> None:
    status, body = answer(request())
    told = messages.message("ModelInferResponse").FromString(body)
    assert status == 200
    expected = model().predict(columns(ROW)).scores
    assert np.frombuffer(told.raw_output_contents[1], "<f4").tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("column", "changes", "said"),
    [
        ("age", {"contents": {"fp32_contents": [1.0]}}, "column 'age' stand in fp32_contents"),
        ("age", {"contents": {}}, "shape of column 'age' must be [0]"),
        ("age", {"datatype": "FP16"}, "stand in fp64_contents; those of FP16 stand in raw_input"),
        ("age", {"name": "agee"}, "Unknown column 'agee'. Did you mean 'age'"),
        ("age", {"shape": [2]}, "shape of column 'age' must be [1]"),
        ("city", {"contents": {"bytes_contents": [b"\xff"]}}, "Column 'city' holds text that is"),
        ("visits", {"datatype": "BYTES", "contents": {"bytes_contents": [b"3"]}}, "datatype"),
    ],
)
def test_a_wrong_tensor_is_refused_by_its_column(
    column: str, changes: dict[str, Any], said: str
) -> None:
    status, body = answer(request(**{column: changes}))
    assert status == 400
    assert said in body.decode()


def test_raw_contents_for_some_tensors_only_are_refused() -> None:
    told = request()
    told.raw_input_contents.append(b"\0" * 8)
    assert answer(told) == (400, b"1 raw contents came for 6 tensors.")


@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_message_or_a_refusal(data: bytes) -> None:
    try:
        told = messages.parsed(messages.message("ModelInferRequest"), data)
    except RequestError as refused:
        assert "is no ModelInferRequest" in str(refused)  # noqa: PT017
        return
    assert answer(told)[0] == 400


@given(
    column=st.sampled_from(sorted(ROW)),
    kind=st.sampled_from([*messages.FIELDS, "FP16", "BF16", "", "X"]),
    shape=st.lists(st.integers(-2, 3), max_size=3),
    raw=st.binary(max_size=24),
)
def test_any_tensor_is_answered_or_refused(
    column: str, kind: str, shape: list[int], raw: bytes
) -> None:
    told = request(**{column: {"datatype": kind, "shape": shape}})
    assert answer(told)[0] in (200, 400, 422)
    told.raw_input_contents.extend(raw for _ in ROW)
    assert answer(told)[0] in (200, 400, 422)
