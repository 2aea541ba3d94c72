"""The labels that come later: checked against the model, written beside the predictions.

A label is written down before it is answered for, on a thread of its own, so that no prediction
waits for it. Segments of labels are shipped as those of predictions are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from serving.errors import RequestError, near_miss
from serving.model import Model
from serving.protocols import checked_id
from serving.refusals import LARGEST, told
from serving.schema import TableSchema
from serving.segments import Segments
from serving.shipping.layout import FEEDBACK
from serving.shipping.settings import LogSettings

LINES = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
KEYS = ("id", "row", "label")
Label = dict[str, object]


class FeedbackLog:
    """Appends labels to segments below the prediction log's."""

    def __init__(self, log: Path, settings: LogSettings) -> None:
        self.written = 0
        self._directory = log / FEEDBACK
        self._segments = Segments(
            self._directory, size=settings.segment, seconds=settings.seconds, keep=settings.keep
        )
        self._lock = threading.Lock()

    def write(self, model: Model, labels: list[Label]) -> None:
        """Write labels whole or not at all; OSError when the disk does not take them."""
        common = {"time": datetime.fromtimestamp(time.time(), UTC), "model": model.name}
        data = b"".join(orjson.dumps({**common, **label}, option=LINES) for label in labels)
        with self._lock:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._segments.append(data)
            self.written += len(labels)

    def tend(self) -> None:
        """Close a segment that is old enough."""
        with self._lock:
            self._segments.tend()

    def close(self) -> None:
        """Make the last segment whole."""
        with self._lock:
            self._segments.close()


def read_labels(body: bytes, schema: TableSchema) -> list[Label]:
    """The labels of a request: one object or a list of them, all of them right."""
    parsed = _parsed(body)
    if not isinstance(parsed, list):
        return [_label(parsed, schema, "")]
    if not parsed:
        raise RequestError("The list holds no label.")
    return [_label(each, schema, f" (label {place})") for place, each in enumerate(parsed)]


def read_truth(body: bytes, schema: TableSchema) -> list[Label]:
    """The labels of Seldon's form: a truth a row, for the puid of the response or the request."""
    parsed = _parsed(body)
    if not isinstance(parsed, dict):
        raise RequestError('The body must be a JSON object with "response" and "truth".')
    name = _puid(parsed)
    labels = [value[0] if isinstance(value, list) and len(value) == 1 else value
              for value in _truth(parsed.get("truth"))]  # fmt: skip
    return [
        _label({"id": name, "row": row, "label": label}, schema, f" (row {row})")
        for row, label in enumerate(labels)
    ]


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"The body is not JSON: {error}") from None


def _label(given: object, schema: TableSchema, where: str) -> Label:
    if not isinstance(given, Mapping):
        raise RequestError(f'A label is a JSON object with "id", "row" and "label"{where}.')
    for key in given:
        if key not in KEYS:
            raise RequestError(
                f"There is no key {told(key)} here{where}. {near_miss(key[:200], KEYS)}"
            )
    name, row = checked_id(given.get("id"), "id"), given.get("row", 0)
    if not name:
        raise RequestError(f'"id" must be the id that the prediction was answered with{where}.')
    if type(row) is not int or not 0 <= row < 2**31:
        raise RequestError(f'"row" must be the row\'s place in its request, from 0{where}.')
    if given.get("label") is None:
        raise RequestError(f'"label" is missing{where}.')
    value = given["label"]
    checked = _class(value, schema, where) if schema.classes else _number(value, where)
    return {"id": name, "row": row, "label": checked}


def _class(value: object, schema: TableSchema, where: str) -> str:
    """A label as the name of its class, as training wrote it: 'yes', 'true', '3'."""
    name = _named(value)
    if name not in schema.classes:
        hint = near_miss(name[:200], schema.classes)
        raise RequestError(f"{told(value)} is no class of '{schema.target}'{where}. {hint}")
    return name


def _named(value: object) -> str:
    if isinstance(value, bool):
        return told(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (str, int, float)) else ""


def _number(value: object, where: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:  # type: ignore[arg-type]
        raise RequestError(f'"label" must be a finite number; it is {told(value)}{where}.')
    return float(value)  # type: ignore[arg-type]


def _puid(body: Mapping[str, Any]) -> object:
    for side in ("response", "request"):
        held = body.get(side)
        meta = held.get("meta") if isinstance(held, dict) else None
        if isinstance(meta, dict) and meta.get("puid"):
            return meta["puid"]
    raise RequestError('"response" must hold the "meta" of the answer, with its "puid".')


def _truth(truth: object) -> list[Any]:
    data = truth.get("data") if isinstance(truth, dict) else None
    if isinstance(data, dict):
        tensor = data.get("tensor")
        values = tensor.get("values") if isinstance(tensor, dict) else data.get("ndarray")
        if isinstance(values, list) and values:
            return values
    raise RequestError('"truth" must hold "data" with an "ndarray" or a "tensor", a label a row.')
