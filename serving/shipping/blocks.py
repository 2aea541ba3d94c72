"""Rows of the prediction log by column, as a shipped segment holds them: one line for each block.

A server writes a row a line, of which a killed one tears the last alone. A store keeps them in
blocks, since thousands of rows that name their columns once are half as large, and are read in
less than half the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from itertools import islice, repeat
from typing import Any

import orjson

# Enough rows for the names not to weigh, and so few objects that a processor's cache holds them.
ROWS = 250
FEATURES, SCORES = "features", "scores"
Row = Mapping[str, Any]


def packed(lines: bytes) -> Iterator[bytes]:
    """The lines of a segment as blocks; rows of other columns or keys have a block of their own.

    A line that is no row stays as it is.
    """
    rest = iter(BytesIO(lines))  # One by one, so that they are in memory only once.
    while some := list(islice(rest, ROWS)):
        alike: dict[object, list[dict[str, Any]]] = {}
        for line in some:
            row = parsed(line)
            if row is None or not isinstance(row.get(FEATURES), dict):
                yield line.rstrip(b"\n") + b"\n"
                continue
            shape = (*row, FEATURES, *row[FEATURES], len(row.get(SCORES, ())))
            alike.setdefault(shape, []).append(row)
        for rows in alike.values():
            yield orjson.dumps(_block(rows), option=orjson.OPT_APPEND_NEWLINE)


def rows_of(lines: bytes) -> Iterator[dict[str, Any]]:
    """The rows of a segment, of blocks or of rows; torn lines are passed over."""
    for line in lines.splitlines():
        held = parsed(line)
        if held is not None:
            yield from unpacked(held) if is_block(held) else [held]


def is_block(held: Row) -> bool:
    """Whether a line holds several rows."""
    return isinstance(held.get("time"), list)


def unpacked(block: Row) -> Iterator[dict[str, Any]]:
    """The rows of a block, with their keys and columns in the order in which they came."""
    columns = {name: block[name] for name in block}
    features = block[FEATURES]
    values = zip(*features.values(), strict=True) if features else repeat(())
    columns[FEATURES] = (dict(zip(features, each, strict=True)) for each in values)
    if SCORES in block:
        columns[SCORES] = map(list, zip(*block[SCORES], strict=True))
    whole = zip(*columns.values(), strict=bool(features))
    return (dict(zip(block, each, strict=True)) for each in whole)


def parsed(line: bytes) -> dict[str, Any] | None:
    """A line; None for one that was torn when its server was killed."""
    try:
        held = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return held if isinstance(held, dict) else None


def _block(rows: list[dict[str, Any]]) -> dict[str, object]:
    features = [row[FEATURES] for row in rows]
    held: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    held[FEATURES] = {name: [row[name] for row in features] for name in features[0]}
    if SCORES in held:
        held[SCORES] = list(zip(*held[SCORES], strict=True))
    return held
