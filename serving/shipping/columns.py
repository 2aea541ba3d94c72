"""A column of the prediction log as bytes, which hold every value as it was and need no parser.

Numbers lie one behind the other, as few bytes each as give back the very number: a float of four
bytes where its shortest text is the text that came, which holds for what has up to seven digits.
What has few distinct values is kept as places among them, everything else as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

How = Mapping[str, Any]
# A time as a server writes it, but for the one of a whole second.
FORM = "0000-00-00T00:00:00.000000Z"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Kept:
    """One column of a block.

    Args:
        how: What its bytes mean, as the block's first line tells.
    """

    how: How
    data: memoryview
    rows: int

    def values(self) -> Sequence[Any]:
        """The values as JSON has them."""
        how = self.how
        if "values" in how:  # A block of an older form.
            values: list[Any] = how["values"]
            return values
        if "all" in how:
            return [how["all"]] * self.rows
        if "of" in how:
            return [how["of"][place] for place in self.data]
        if "time" in how:
            return [time_text(each) for each in self.moments().tolist()]
        return self._numbers() if "number" in how else orjson.loads(self.data)

    def moments(self) -> NDArray[np.int64]:
        """Times, in microseconds since 1970."""
        if "time" in self.how:
            return np.frombuffer(self.data, "<i8")
        return np.array([microseconds(each) for each in self.values()], dtype=np.int64)

    def floats(self) -> NDArray[Any] | None:
        """Numbers that round to what a model reads of them, NaN where none is; None of others."""
        if "all" in self.how and self.how["all"] is None:
            return np.full(self.rows, np.nan)
        if "number" not in self.how:
            return None
        array = self._array()
        if array.dtype.kind == "f":
            return array
        missing = array == np.iinfo(array.dtype).min
        found: NDArray[np.float64] = array.astype(np.float64)
        found[missing] = np.nan
        return found

    def codes(self) -> NDArray[np.uint8]:
        """The place of each value among `how["of"]`."""
        return np.frombuffer(self.data, np.uint8)

    def _array(self) -> NDArray[Any]:
        return np.frombuffer(self.data, self.how["number"], self.rows)

    def _numbers(self) -> list[Any]:
        array = self._array()
        if array.dtype.kind == "i":
            absent = int(np.iinfo(array.dtype).min)
            return [None if each == absent else each for each in array.tolist()]
        found = as_written(array)
        if "whole" not in self.how:
            return found
        whole = self.data[array.nbytes :]
        return [int(each) if flag else each for each, flag in zip(found, whole, strict=True)]


def as_written(array: NDArray[Any]) -> list[Any]:
    """Floats as JSON has them in their shortest form, null for NaN."""
    found: list[Any] = orjson.loads(short_text(array))
    return found


def microseconds(text: str) -> int:
    """A time in microseconds since 1970."""
    return (datetime.fromisoformat(text) - EPOCH) // MICROSECOND


def time_text(moment: int) -> str:
    """A time as a server writes it."""
    return (EPOCH + moment * MICROSECOND).isoformat(timespec="microseconds").replace("+00:00", "Z")


def short_text(array: NDArray[Any]) -> bytes:
    """Floats as JSON, each in its shortest form, null for NaN."""
    native = array.astype(array.dtype.newbyteorder("="))
    return orjson.dumps(native, option=orjson.OPT_SERIALIZE_NUMPY)
