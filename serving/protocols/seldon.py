"""The Seldon v1 protocol, with the columns named in `data.names`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from serving.errors import RequestError
from serving.model import Model, Prediction
from serving.protocols import Call, checked_id
from serving.protocols.layout import Layouts
from serving.refusals import Values, told
from serving.rows import OneRow
from serving.schema import TableSchema

TENSOR = frozenset({"tensor"})
# By key of the meta, what its values are; None for anything.
GIVEN_BACK: dict[str, type | None] = {"tags": None, "routing": int, "requestPath": str}
TOLD: dict[type, str] = {int: "a whole number", str: "text"}


class Seldon:
    """The protocol for one schema."""

    name = "seldon"
    layouts: Layouts | None = None

    def __init__(self, schema: TableSchema) -> None:
        self._known = list(schema.names)
        self._names = list(schema.classes) or ["prediction"]
        self._classes = bool(schema.classes)

    def read(self, body: object) -> Call:
        """Read a prediction request with a `data.ndarray` or a `data.tensor`."""
        if not isinstance(body, dict):
            raise RequestError('The body must be a JSON object with "data".')
        data, meta = body.get("data"), body.get("meta")
        if not isinstance(data, dict):
            raise _no_data(body)
        names = data.get("names")
        # Few clients order the columns in another way than the model's own pages do.
        if names != self._known:
            names = _names(names)
        if "ndarray" in data:
            call = Call(_from_rows(names, data["ndarray"]))
        elif "tensor" in data:
            call = Call(_from_tensor(names, data["tensor"]), form=TENSOR)
        else:
            raise RequestError('"data" must hold "ndarray" or "tensor".')
        if meta is not None:
            call.meta = _checked(meta)
            call.id = checked_id(meta.get("puid"), "meta.puid")
        return call

    def write(self, call: Call, request_id: str, model: Model, prediction: Prediction) -> bytes:
        """Write a prediction in the form of its request."""
        scores = prediction.scores
        data: dict[str, object] = {"names": self._names}
        if call.form:
            data["tensor"] = {"shape": list(scores.shape), "values": scores.ravel()}
        else:
            data["ndarray"] = scores
        tags: dict[str, object] = {"model_name": model.name, "model_version": model.version}
        if self._classes:
            tags["label"] = prediction.labels
        meta: dict[str, object] = {"puid": request_id, "tags": tags}
        if call.meta:
            meta = {**call.meta, **meta, "tags": {**call.meta.get("tags", {}), **tags}}
        answer = {"data": data, "meta": meta}
        return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)

    def status(self, model: Model) -> bytes:
        """Write that the model can answer, as the service orchestrator asks."""
        tags = {"model_name": model.name, "model_version": model.version}
        return orjson.dumps({"data": {"names": [], "ndarray": []}, "meta": {"tags": tags}})

    def refuse(self, status: int, message: str) -> bytes:
        """Write an error."""
        reason = "MICROSERVICE_BAD_DATA" if status < 500 else "MICROSERVICE_INTERNAL_ERROR"
        told = {"code": status, "info": message, "reason": reason, "status": "FAILURE"}
        return orjson.dumps({"status": told})


def _no_data(body: dict[str, object]) -> RequestError:
    for other in ("jsonData", "strData", "binData"):
        if other in body:
            wanted = '"data" with "names" and "ndarray" or "tensor"'
            return RequestError(f'"{other}" names no columns: send {wanted}.')
    return RequestError('"data" must be an object with "names" and "ndarray" or "tensor".')


def _checked(meta: object) -> dict[str, Any]:
    """What an answer gives back of a request's meta; a client of Seldon's must be able to read it.

    The metrics of others are theirs, and are not counted here.
    """
    if not isinstance(meta, dict):
        raise RequestError('"meta" must be an object.')
    for key, kinds in GIVEN_BACK.items():
        values = meta.get(key) or {}
        if not isinstance(values, dict):
            raise RequestError(f'"meta.{key}" must be an object.')
        for name, value in values.items():
            if kinds and type(value) is not kinds:
                raise RequestError(f'"meta.{key}.{name[:60]}" must be {TOLD[kinds]}.')
    given = {key: meta[key] for key in GIVEN_BACK if meta.get(key)}
    try:
        orjson.dumps(given)
    except TypeError:
        raise RequestError('"meta.tags" is nested too deeply.') from None
    return given


def _names(names: object) -> list[str]:
    if not isinstance(names, list) or not names:
        raise RequestError('"data.names" must be a list that names each column.')
    if set(map(type, names)) != {str}:
        raise RequestError('"data.names" must hold nothing but text.')
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise RequestError(f"Column '{twice}' is given twice.", column=twice)
    return names


def _from_rows(names: list[str], rows: object) -> Mapping[str, Values]:
    if not isinstance(rows, list) or not rows:
        raise RequestError('"data.ndarray" must be a list of rows, and not an empty one.')
    if len(rows) == 1 and isinstance(rows[0], list) and len(rows[0]) == len(names):
        return OneRow(dict(zip(names, rows[0], strict=True)))
    for index, row in enumerate(rows):
        if not isinstance(row, list):
            raise RequestError(f'"data.ndarray" must hold lists; row {index} is {told(row)}.')
        if len(row) != len(names):
            message = f"Row {index} has {len(row)} values for {len(names)} columns"
            short = f"; column '{names[len(row)]}' has none" if len(row) < len(names) else ""
            raise RequestError(f"{message}{short}.", column=names[len(row)] if short else None)
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _from_tensor(names: list[str], tensor: object) -> dict[str, Values]:
    shape = tensor.get("shape") if isinstance(tensor, dict) else None
    values = tensor.get("values") if isinstance(tensor, dict) else None
    if not isinstance(tensor, dict) or not isinstance(values, list):
        raise RequestError('"data.tensor" must be an object with "shape" and "values".')
    count, width = len(values) // len(names), len(names)
    if count * width != len(values) or shape != [count, width]:
        wanted = f"[rows, {width}] with as many values"
        raise RequestError(f'The shape of "data.tensor" must be {wanted}: {len(values)} came.')
    return {name: values[index::width] for index, name in enumerate(names)}
