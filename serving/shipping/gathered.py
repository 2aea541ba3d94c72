"""The values of a column of the prediction log, gathered some at a time and then made bytes.

Some at a time they are made numbers, or places among few values, while a processor's cache holds
them: as objects, thousands of rows are more than it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.shipping.columns import FORM, short_text

Packed = tuple[dict[str, Any], bytes]
# Distinct values, and the place of each value among them.
Few = tuple[list[Any], bytes]
# Numbers, with what stands for null; few values; or all other ones.
Some = NDArray[Any] | Few | list[Any]
# Places among more values than a byte can name are worth no table.
FEW = 256
# Whole numbers that a float holds exactly.
EXACT = 2**53
WIDTHS = ("<i1", "<i2", "<i4", "<i8")
# Stands for null among whole numbers.
ABSENT = int(np.iinfo(np.int64).min)
MARKS = np.frombuffer(FORM.encode(), np.uint8)
DIGITS = ord("0") == MARKS
NOTHING = type(None)


class Gathered:
    """A column's values as they come.

    Args:
        times: Whether they are times.
    """

    def __init__(self, *, times: bool = False) -> None:
        self.rows = 0
        self._times = times
        self._some: list[Some] = []
        self._kinds: set[type] = set()

    def add(self, values: list[Any]) -> None:
        """Add some values."""
        kinds = set(map(type, values))
        self.rows += len(values)
        self._kinds |= kinds
        self._some.append(_gathered(values, kinds))

    def packed(self) -> Packed:
        """How they are kept, and the bytes."""
        kinds, kept = self._kinds, None
        if self._times and kinds == {str}:
            kept = _times(self._values())
        if kept is None and kinds <= {str, bool, NOTHING}:
            kept = _few(self._some)
        elif kinds <= {int, NOTHING}:
            kept = _whole(self._some)
        elif kinds <= {float, NOTHING}:
            kept = _floats(_joined(self._some, np.nan))
        elif kinds <= {int, float, NOTHING}:
            kept = _mixed(self._values())
        return kept or ({"json": True}, orjson.dumps(self._values()))

    def _values(self) -> list[Any]:
        return list(chain.from_iterable(map(_listed, self._some)))


def _gathered(values: list[Any], kinds: set[type]) -> Some:
    if kinds == {NOTHING}:
        return [None], bytes(len(values))
    if kinds <= {float, NOTHING}:
        return np.array(values, dtype="<f8")
    if kinds <= {int, NOTHING}:
        return _integers(values)
    if not kinds <= {str, bool, NOTHING}:
        return values
    if values.count(values[0]) == len(values):
        return [values[0]], bytes(len(values))
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    if len(places) > min(FEW, len(values) // 2):
        return values
    return list(places), bytes([places[value] for value in values])


def _integers(values: list[Any]) -> Some:
    filled = [ABSENT if value is None else value for value in values] if None in values else values
    try:
        array = np.array(filled, dtype="<i8")
    except OverflowError:
        return values
    # A number that means itself and not that there is none.
    return values if ABSENT in values else array


def _listed(some: Some) -> list[Any]:
    """The values as they came."""
    if isinstance(some, tuple):
        return [some[0][place] for place in some[1]]
    if isinstance(some, list):
        return some
    if some.dtype.kind == "i":
        return [None if value == ABSENT else value for value in some.tolist()]
    return [None if value != value else value for value in some.tolist()]


def _joined(some: Sequence[Some], absent: float) -> NDArray[Any]:
    """Numbers as one array; few values among them are nulls alone."""
    return np.concatenate(
        [np.full(len(each[1]), absent) if isinstance(each, tuple) else each for each in some]
    )


def _few(some: Sequence[Some]) -> Packed | None:
    """Places among all distinct values, where those are few in every part."""
    if any(not isinstance(each, tuple) for each in some):
        return None
    parts: list[Few] = some  # type: ignore[assignment]
    places: dict[Any, int] = {}
    for values, _ in parts:
        for value in values:
            places.setdefault(value, len(places))
    if len(places) > FEW:
        return None
    if len(places) == 1:
        return {"all": next(iter(places))}, b""
    tables = [bytes([places[value] for value in values]).ljust(256) for values, _ in parts]
    codes = [each[1].translate(table) for each, table in zip(parts, tables, strict=True)]
    return {"of": list(places)}, b"".join(codes)


def _whole(some: Sequence[Some]) -> Packed | None:
    """In the narrowest width whose smallest number, which stands for null, is not among them."""
    if any(isinstance(each, list) for each in some):
        return None
    array = _joined(some, ABSENT).astype("<i8")
    missing = array == ABSENT
    present = array[~missing]
    low, high = int(present.min()), int(present.max())
    width = next(each for each in WIDTHS if np.iinfo(each).min < low and high <= np.iinfo(each).max)
    narrow = array.astype(width)
    narrow[missing] = np.iinfo(width).min
    return {"number": width}, narrow.tobytes()


def _floats(array: NDArray[Any]) -> Packed:
    """With four bytes where those have the same text, and are therefore read as the same number."""
    with np.errstate(over="ignore"):
        short = array.astype("<f4")
    chosen = short if short_text(short) == short_text(array) else array
    return {"number": chosen.dtype.str}, chosen.tobytes()


def _mixed(values: list[Any]) -> Packed | None:
    """Numbers of which some came without a point."""
    flags = [type(value) is int for value in values]
    if any(abs(value) > EXACT for value, whole in zip(values, flags, strict=True) if whole):
        return None
    how, data = _floats(np.array(values, dtype="<f8"))
    return {**how, "whole": True}, data + bytes(flags)


def _times(values: Sequence[str]) -> Packed | None:
    """Times that are all of the one form that a server writes, but for a second's very start."""
    text = "".join(values)
    if not text.isascii() or set(map(len, values)) != {len(FORM)}:
        return None
    letters = np.frombuffer(text.encode(), np.uint8).reshape(-1, len(FORM))
    # Of a letter before the zero the difference is large, since it has no sign.
    if not np.where(DIGITS, letters - ord("0") < 10, letters == MARKS).all():
        return None
    try:
        moments = np.array(values, dtype="S26").astype("datetime64[us]")
    except ValueError:
        return None
    return {"time": True}, moments.astype("<i8").tobytes()
