"""A request whose layout is known is read as one whose layout is not."""

import json
import random

import orjson
import pytest

from serving.errors import RequestError
from serving.protocols import Call
from serving.protocols.layout import layout_of
from serving.protocols.v2 import V2
from serving.reading import read
from serving.rows import OneRow
from tests.unit.serving.client import v2
from tests.unit.serving.tiny import EMPTY_ROW, ROW, model, schema

BODIES = {
    "spaced": json.dumps(v2(ROW)).encode(),
    "dense": orjson.dumps(v2(ROW)),
    "with an id": json.dumps({"id": "first", **v2(ROW)}).encode(),
    "with its id behind": orjson.dumps({**v2(ROW), "id": "first"}),
    "empty": json.dumps(v2(EMPTY_ROW)).encode(),
}
PIECES = (
    *(b"1", b"-0.5", b"1e400", b"01", b"1,2", b"null", b"true", b"nul", b'"x"', b'"\\u0041"'),
    *(b'"\xff"', b'"a]b"', b"[", b"]", b"[1]", b"{}", b'"', b"", b" ", b"\0", b",", b'"id": "x"'),
    *(b'"' + b"x" * 300 + b'"', b'"data": [1]', b'"data":[1],', b'"parameters": {"a": 1},'),
)
MODEL = model()


def outcome(wire: V2, body: bytes) -> object:
    """What is read, or what is told."""
    try:
        call = read(MODEL, wire, body)
    except RequestError as error:
        return str(error), error.column, error.status
    return repr(dict(call.columns)), call.id, call.form, call.raw, call.meta


def mutated(chance: random.Random, body: bytes) -> bytes:
    """A body with a few pieces put over some of its bytes."""
    for _ in range(chance.randint(1, 2)):
        values = [i + 1 for i, c in enumerate(body) if c in b"["] or [0]
        at = chance.choice((chance.randrange(len(body) + 1), chance.choice(values)))
        end = at + chance.choice((0, 1, 4, max(body.find(b"]", at) - at, 0)))
        body = body[:at] + chance.choice(PIECES) + body[end:]
    return body


@pytest.mark.parametrize("name", BODIES)
def test_any_other_body_is_read_as_if_no_layout_were_known(name: str) -> None:
    chance, body = random.Random(name), BODIES[name]
    known, plain = V2(schema()), V2(schema())
    layouts, plain.layouts = known.layouts, None
    assert layouts is not None
    read(MODEL, known, body)
    assert layouts.read(body) is not None
    met = 0
    for _ in range(1000):
        other = mutated(chance, body)
        met += layouts.read(other) is not None
        assert outcome(known, other) == outcome(plain, other), other
    assert met > 10


def test_a_known_layout_gives_the_values_and_the_id_of_each_request() -> None:
    wire = V2(schema())
    layout = layout_of(BODIES["with an id"], wire.read)
    assert layout is not None
    other = {**ROW, "age": 7, "city": None}
    assert layout.read(json.dumps({"id": "é", **v2(other)}, ensure_ascii=False).encode()) == Call(
        OneRow(other), "é"
    )


@pytest.mark.parametrize(
    "body",
    [
        {**v2(ROW), "parameters": {"id": "not the request's"}},
        {**v2(ROW), "id": "one", "parameters": {"id": "two"}},
        v2(ROW, ROW),
        {**v2(ROW), "outputs": [{"name": "label"}]},
    ],
)
def test_what_is_no_plain_request_of_one_row_leaves_no_layout(body: object) -> None:
    assert layout_of(json.dumps(body).encode(), V2(schema()).read) is None


def test_a_column_that_is_called_as_a_key_is_does_no_harm() -> None:
    body = json.dumps(v2(ROW)).replace('"inputs"', r'"x\"data": [3], "inputs"').encode()
    assert layout_of(body, V2(schema()).read) is None
