"""Reads a request that differs from an earlier one in nothing but its values.

A client writes request after request by the same code, so that most of a request's text is the one
of its last: the names, the datatypes, the shapes. What was read and found right once need not be
parsed again; only the values are.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from itertools import zip_longest

import orjson

from serving.errors import RequestError
from serving.protocols import Call, checked_id
from serving.rows import OneRow

# A hole takes one JSON value that is no list or object; what it takes is parsed as JSON after all.
QUOTED = rb'"(?:[^"\\\x00-\x1f]++|\\["\\/bfnrtu])*+"'
TEXT = rb"(" + QUOTED + rb")"
VALUE = rb"([-+.0-9a-zE]++|" + QUOTED + rb")"
HOLES = re.compile(rb'"data"\s*:\s*\[\s*' + VALUE + rb'\s*\]|"id"\s*:\s*' + TEXT)
KEPT = 4
PROBE = "probe"

Read = Callable[[object], Call]


class Layout:
    """The text of a request of one row, with holes for its values and its id.

    Args:
        id_at: Which of the holes holds the id; None where the request has none.
    """

    def __init__(self, pattern: re.Pattern[bytes], names: list[str], id_at: int | None) -> None:
        self._pattern = pattern
        self._names = names
        self._id_at = id_at

    def read(self, body: bytes) -> Call | None:
        """Read a request of this layout; None where it is none, or is wrong."""
        found = self._pattern.fullmatch(body)
        if found is None:
            return None
        try:
            values = orjson.loads(b"[%b]" % b",".join(found.groups()))
            told = "" if self._id_at is None else checked_id(values.pop(self._id_at), "id")
        except (orjson.JSONDecodeError, RequestError):
            return None
        return Call(OneRow(dict(zip(self._names, values, strict=True))), told)


class Layouts:
    """The layouts that were met last."""

    def __init__(self) -> None:
        self._kept: deque[Layout] = deque(maxlen=KEPT)
        self._missed = 0

    def read(self, body: bytes) -> Call | None:
        """Read a request of a known layout."""
        for layout in self._kept:
            call = layout.read(body)
            if call is not None:
                return call
        return None

    def learn(self, body: bytes, read: Read) -> None:
        """Keep the layout of a request of one row that was read.

        To learn costs as much as some hundred requests: after 2, 4, 8, ... that were of none.
        """
        self._missed += 1
        if self._missed & (self._missed - 1) == 0:
            layout = layout_of(body, read)
            if layout is not None:
                self._kept.appendleft(layout)


def layout_of(body: bytes, read: Read) -> Layout | None:
    """The layout of a request; None where other values in its holes are not simply other values."""
    texts, kinds = _cut(body)
    ids = [index for index, kind in enumerate(kinds) if kind is TEXT]
    if len(ids) > 1:
        return None
    wanted: list[object] = list(range(len(kinds) - len(ids)))
    values = wanted.copy()
    for index in ids:
        values.insert(index, PROBE)
    try:
        call = read(orjson.loads(_woven(texts, map(orjson.dumps, values))))
    except (orjson.JSONDecodeError, RequestError):
        return None
    if not isinstance(call.columns, OneRow) or list(call.columns.row.values()) != wanted:
        return None
    if call != Call(call.columns, PROBE if ids else ""):
        return None
    pattern = re.compile(_woven(map(re.escape, texts), kinds))
    return Layout(pattern, list(call.columns.row), ids[0] if ids else None)


def _cut(body: bytes) -> tuple[list[bytes], list[bytes]]:
    """The text around the holes, and what each of the holes takes."""
    texts, kinds, at = [], [], 0
    for hole in HOLES.finditer(body):
        kinds.append(VALUE if hole.lastindex == 1 else TEXT)
        begin, end = hole.span(hole.lastindex or 0)
        texts.append(body[at:begin])
        at = end
    return [*texts, body[at:]], kinds


def _woven(texts: Iterable[bytes], between: Iterable[bytes]) -> bytes:
    """Texts with something between each two of them."""
    return b"".join(part for pair in zip_longest(texts, between) for part in pair if part)
