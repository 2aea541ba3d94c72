"""Rows of the prediction log by column, as a shipped segment holds them.

A server writes a row a line, of which a killed one tears the last alone. A store keeps them in
blocks, of which thousands of rows name their columns once: a line of JSON tells which columns
follow and how each is kept, and their bytes stand behind it. A reader takes of a block what it
needs. Blocks of an older form, a line of JSON with a list for each column, are read as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice, repeat
from typing import Any

import orjson

from serving.shipping.columns import Kept
from serving.shipping.gathered import Gathered

# Enough rows for a column's name and its reader's calls not to weigh; they are parsed some at a
# time, as many as a processor's cache holds as objects.
ROWS, PARSED = 2000, 250
FEATURES, SCORES, TIME = "features", "scores", "time"
WHOLE = ("",)
# What tells the line of a block: how many bytes stand behind it.
BYTES = "bytes"
Row = Mapping[str, Any]
# The keys of a row, its columns, and how many scores it has.
Shape = tuple[tuple[str, ...], tuple[str, ...], int]
# Of each key, or of a column or a score below it.
Values = dict[tuple[str, str | int], Gathered]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of the same keys and columns, each column unread until it is asked for.

    Args:
        keys: In the order in which a row has them.
        columns: Of every key that has one value a row.
    """

    rows: int
    keys: Sequence[str]
    columns: Mapping[str, Kept]
    features: Mapping[str, Kept]
    scores: Sequence[Kept] = ()

    def unpacked(self) -> Iterator[dict[str, Any]]:
        """The rows, with their keys and columns in the order in which they came."""
        held: dict[str, Iterable[Any]] = {
            name: column.values() for name, column in self.columns.items()
        }
        held[FEATURES] = _rows_of(self.features, self.rows)
        if SCORES in self.keys:
            held[SCORES] = map(list, _across(self.scores, self.rows))
        whole = zip(*(held[name] for name in self.keys), strict=True)
        return (dict(zip(self.keys, each, strict=True)) for each in whole)


def packed(lines: bytes) -> Iterator[bytes]:
    """The lines of a segment as blocks; rows of other columns or keys have a block of their own.

    A line that is no row stays as it is.
    """
    rest = iter(BytesIO(lines))  # One by one, so that they are in memory only once.
    more = iter(lambda: list(islice(rest, PARSED)), [])
    while some := list(islice(more, ROWS // PARSED)):
        alike: dict[Shape, Values] = {}
        for each in some:
            yield from _gather(each, alike)
        for shape, values in alike.items():
            yield _packed(shape, values)


def held_in(lines: bytes) -> Iterator[Block | dict[str, Any]]:
    """The blocks and the single rows of a segment; torn lines are passed over."""
    view, place = memoryview(lines), 0
    while place < len(lines):
        end = lines.find(b"\n", place)
        end = len(lines) if end < 0 else end
        held = parsed(lines[place:end])
        place = end + 1
        if held is None:
            continue
        if BYTES in held:
            yield _block(held, view[place : place + held[BYTES]])
            place += held[BYTES]
        else:
            yield _older(held) if isinstance(held.get(TIME), list) else held


def rows_of(lines: bytes) -> Iterator[dict[str, Any]]:
    """The rows of a segment, of blocks or of rows; torn lines are passed over."""
    for held in held_in(lines):
        yield from held.unpacked() if isinstance(held, Block) else [held]


def parsed(line: bytes) -> dict[str, Any] | None:
    """A line; None for one that was torn when its server was killed."""
    try:
        held = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return held if isinstance(held, dict) else None


def _gather(lines: Iterable[bytes], alike: dict[Shape, Values]) -> Iterator[bytes]:
    """Add some rows to those that are like them; the lines that are no rows are left."""
    found: dict[Shape, list[dict[str, Any]]] = {}
    for line in lines:
        row = parsed(line)
        if row is None or not isinstance(row.get(FEATURES), dict):
            yield line.rstrip(b"\n") + b"\n"
            continue
        shape = tuple(row), tuple(row[FEATURES]), len(row.get(SCORES, ()))
        found.setdefault(shape, []).append(row)
    for shape, rows in found.items():
        values = alike.setdefault(shape, {})
        for key, held in zip(shape[0], zip(*map(dict.values, rows), strict=True), strict=True):
            # Their columns are in one order, since they are alike.
            each = map(dict.values, held) if key == FEATURES else held
            columns = [held] if key not in (FEATURES, SCORES) else zip(*each, strict=True)
            for name, some in zip(_inner(shape, key), columns, strict=True):
                gathered = values.setdefault((key, name), Gathered(times=key == TIME))
                gathered.add(list(some))


def _inner(shape: Shape, key: str) -> Sequence[str | int]:
    """What a key of a row holds values of: the columns, the scores, or itself."""
    _, columns, scores = shape
    return columns if key == FEATURES else range(scores) if key == SCORES else WHOLE


def _packed(shape: Shape, values: Values) -> bytes:
    """The block of rows that are alike."""
    parts: list[bytes] = []

    def kept(key: str) -> dict[str | int, dict[str, Any]]:
        found = {}
        for name in _inner(shape, key):
            how, data = values[key, name].packed()
            parts.append(data)
            found[name] = {**how, BYTES: len(data)}
        return found

    told: dict[str, Any] = {}
    for key in shape[0]:
        held = kept(key)
        alone = key not in (FEATURES, SCORES)
        told[key] = held[""] if alone else list(held.values()) if key == SCORES else held
    data = b"".join(parts)
    rows = next(each.rows for each in values.values())
    head = {BYTES: len(data), "rows": rows, "columns": told}
    return orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE) + data


def _block(head: Row, data: memoryview) -> Block:
    """What a block's line tells of the bytes behind it, in their order."""
    place, rows = 0, head["rows"]

    def kept(how: Mapping[str, Any]) -> Kept:
        nonlocal place
        begun, place = place, place + how[BYTES]
        return Kept(how, data[begun:place], rows)

    columns: dict[str, Kept] = {}
    features: dict[str, Kept] = {}
    scores: list[Kept] = []
    for name, how in head["columns"].items():
        if name == FEATURES:
            features = {key: kept(each) for key, each in how.items()}
        elif name == SCORES:
            scores = [kept(each) for each in how]
        else:
            columns[name] = kept(how)
    return Block(rows, tuple(head["columns"]), columns, features, scores)


def _older(held: Row) -> Block:
    """A block of lists."""
    rows = len(held[TIME])

    def kept(values: Sequence[Any]) -> Kept:
        return Kept({"values": values}, memoryview(b""), rows)

    features = {name: kept(values) for name, values in held[FEATURES].items()}
    scores = [kept(values) for values in held.get(SCORES, ())]
    columns = {name: kept(held[name]) for name in held if name not in (FEATURES, SCORES)}
    return Block(rows, tuple(held), columns, features, scores)


def _rows_of(columns: Mapping[str, Kept], rows: int) -> Iterator[dict[str, Any]]:
    each = _across(list(columns.values()), rows)
    return (dict(zip(columns, values, strict=True)) for values in each)


def _across(columns: Sequence[Kept], rows: int) -> Iterable[tuple[Any, ...]]:
    """The values of each row; of no column there are as many rows without any."""
    if not columns:
        return repeat((), rows)
    return zip(*(column.values() for column in columns), strict=True)
