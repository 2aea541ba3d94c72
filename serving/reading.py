"""From a request's body to a call, also where its headers say how it is to be read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

import orjson

from serving.errors import RequestError
from serving.model import Model
from serving.protocols import Call, Wire, checked_id
from serving.protocols.binary import attach
from serving.rows import OneRow

JSON_LENGTH = b"inference-header-content-length"
ENCODING = b"content-encoding"
PUID = b"seldon-puid"
TELLING = frozenset((JSON_LENGTH, ENCODING, PUID))
FORM = b"json="


class Body(bytes):
    """A body that is not simply JSON; it goes wherever a plain one does."""

    def call(self, model: Model, wire: Wire) -> Call:
        """Read it, or raise a RequestError."""
        raise NotImplementedError


class Headed(Body):
    """A body with headers that say how it is to be read."""

    headers: Mapping[bytes, bytes]

    def call(self, model: Model, wire: Wire) -> Call:
        """Read the JSON, and the tensors behind it."""
        encoding = self.headers.get(ENCODING, b"identity").decode("latin-1").lower()
        if encoding not in ("identity", ""):
            message = (
                f"A body with the Content-Encoding {encoding[:40]} is not read: send it as it is."
            )
            raise RequestError(message, status=415)
        length = self.headers.get(JSON_LENGTH)
        call = read(model, wire, bytes(self)) if length is None else self._binary(wire, length)
        if not call.id and wire.name == "seldon":
            call.id = checked_id(self.headers.get(PUID, b"").decode("latin-1"), "Seldon-Puid")
        return call

    def _binary(self, wire: Wire, length: bytes) -> Call:
        size = int(length) if length.isdigit() and len(length) < 12 else -1
        if not 0 < size <= len(self):
            message = "Inference-Header-Content-Length must be the length of the JSON"
            raise RequestError(f"{message}, at most {len(self)}.")
        view = memoryview(self)
        try:
            parsed = orjson.loads(view[:size])
        except orjson.JSONDecodeError as error:
            raise RequestError(f"The body's first {size} bytes are not JSON: {error}") from None
        if isinstance(parsed, dict):
            attach(parsed.get("inputs"), view[size:])
        return wire.read(parsed)


def headed(body: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The body, with those of its headers that say how it is to be read."""
    for name, _ in headers:
        if name in TELLING:
            made = Headed(body)
            made.headers = dict(headers)
            return made
    return body


def read(model: Model, wire: Wire, body: bytes) -> Call:
    """Read a request, or raise a RequestError."""
    if isinstance(body, Body):
        return body.call(model, wire)
    layouts = wire.layouts
    if layouts is not None and (call := layouts.read(body)) is not None:
        return call
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _other(model, wire, body, error)
    call = wire.read(parsed)
    if layouts is not None and type(call.columns) is OneRow:
        layouts.learn(body, wire.read)
    return call


def _other(model: Model, wire: Wire, body: bytes, error: Exception) -> Call:
    """Read what is no JSON but a form that holds some, as Seldon's own clients send it."""
    if wire.name == "seldon" and body.startswith(FORM):
        body = _in_form(body)
        try:
            return wire.read(orjson.loads(body))
        except orjson.JSONDecodeError as wrong:
            error = wrong
    raise _not_json(model, wire, body, error) from None


def _in_form(body: bytes) -> bytes:
    try:
        fields = parse_qs(body.decode(errors="replace"), max_num_fields=100)
    except ValueError:
        raise RequestError("The form has more than 100 fields; it needs but one: json.") from None
    return fields.get("json", [""])[-1].encode()


def _not_json(model: Model, wire: Wire, body: bytes, error: Exception) -> RequestError:
    if not body.strip():
        return RequestError("The body is empty; it must be JSON.")
    if b"NaN" in body or b"Infinity" in body or "infinity" in str(error):
        # JSON has no such numbers, but clients send them, and some too large to be one: the
        # column that holds it is named.
        try:
            model.predict(wire.read(json.loads(body)).columns)
        except RequestError as named:
            text = str(named).encode(errors="replace").decode()
            return RequestError(text, column=named.column)
        except (ValueError, RecursionError):
            pass
    return RequestError(f"The body is not JSON: {error}")
