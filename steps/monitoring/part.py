"""Some rows of the prediction log by column, as its blocks hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, compress, groupby, islice
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.schema import Column, TableSchema
from serving.shipping.blocks import FEATURES, SCORES, is_block, parsed, unpacked

Row = Mapping[str, Any]
Labels = Mapping[tuple[str, int], object]
Mask = NDArray[np.bool_]
# A block's line, the block, and the places of the rows in it that lie in the window.
Held = tuple[bytes, Row, Sequence[int]]

CHUNK = 20_000
# A call of pandas costs much the same for few rows and for many; values that are not Arrow's yet
# are read soonest while a processor's cache holds them.
PART, BATCH = 50_000, 1_000
SECONDS = len("2026-01-01T00:00:00")


class Part(Protocol):
    """Rows of a log in the order in which they lie there."""

    @property
    def features(self) -> pd.DataFrame:
        """The columns of the schema."""
        ...

    @property
    def versions(self) -> NDArray[Any]:
        """Who answered each row."""
        ...

    def scores(self, rows: Mask) -> NDArray[np.float32]:
        """What was answered to some of the rows: [rows, classes], or [rows, 1] in a regression."""
        ...

    def labelled(self, rows: Mask, labels: Labels) -> Iterable[Row]:
        """Those of some rows whose label is known, whole."""
        ...


@dataclass(frozen=True, slots=True)
class RowsPart:
    """Rows that are there as objects."""

    rows: Sequence[Row]
    schema: TableSchema

    @property
    def features(self) -> pd.DataFrame:
        """The columns of the schema."""
        held = [row["features"] for row in self.rows]
        return pd.DataFrame(held, columns=list(self.schema.names))

    @property
    def versions(self) -> NDArray[Any]:
        """Who answered each row."""
        return np.array([row["version"] for row in self.rows], dtype=object)

    def scores(self, rows: Mask) -> NDArray[np.float32]:
        """What was answered to some of the rows."""
        return scores_of(list(compress(self.rows, rows)), self.schema)

    def labelled(self, rows: Mask, labels: Labels) -> Iterable[Row]:
        """Those of some rows whose label is known."""
        chosen = compress(self.rows, rows)
        return (row for row in chosen if (row["id"], row["row"]) in labels)


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of some blocks that lie in a window.

    Args:
        blocks: The line of each, with the places of the rows in it.
        answers: Of each block [rows, scores], as many as its version gave.
        features: An Arrow array a column of the schema.
    """

    blocks: Sequence[tuple[bytes, Sequence[int]]]
    answers: Sequence[NDArray[np.float32]]
    features: Sequence[Any]
    ids: Sequence[str]
    rows: Sequence[int]
    versions: Sequence[str]

    def labelled(self, rows: Mask, labels: Labels) -> Iterator[Row]:
        """Those of some rows whose label is known; only their blocks are read once more."""
        wanted = zip(self.ids, self.rows, rows.tolist(), strict=True)
        for line, places in self.blocks:
            here = zip(places, islice(wanted, len(places)), strict=True)
            if found := [place for place, (id_, row, own) in here if own and (id_, row) in labels]:
                whole = list(unpacked(parsed(line) or {}))
                yield from (whole[place] for place in found)


@dataclass(frozen=True, slots=True)
class BlocksPart:
    """Rows that came in blocks."""

    batches: Sequence[Batch]
    schema: TableSchema

    @property
    def features(self) -> pd.DataFrame:
        """The columns of the schema."""
        import pyarrow as pa

        columns = zip(*(batch.features for batch in self.batches), strict=True)
        arrays = [pa.concat_arrays(arrays) for arrays in columns]
        frame: pd.DataFrame = pa.table(arrays, names=list(self.schema.names)).to_pandas()
        return frame

    @property
    def versions(self) -> NDArray[Any]:
        """Who answered each row."""
        held = chain.from_iterable(batch.versions for batch in self.batches)
        return np.array(list(held), dtype=object)

    def scores(self, rows: Mask) -> NDArray[np.float32]:
        """What was answered to some of the rows."""
        answers = list(chain.from_iterable(batch.answers for batch in self.batches))
        own = np.split(rows, np.cumsum([len(each) for each in answers])[:-1])
        chosen = [each[mine] for each, mine in zip(answers, own, strict=True) if mine.any()]
        return np.concatenate(chosen) if chosen else np.empty((0, self.schema.width), np.float32)

    def labelled(self, rows: Mask, labels: Labels) -> Iterable[Row]:
        """Those of some rows whose label is known."""
        first = 0
        for batch in self.batches if labels else ():
            yield from batch.labelled(rows[first : first + len(batch.ids)], labels)
            first += len(batch.ids)


def parts_of_rows(log: Iterable[Row], schema: TableSchema) -> Iterator[Part]:
    """Rows one by one as parts, so many at a time as memory may hold."""
    return (RowsPart(rows, schema) for rows in chunks(log))


def chunks(log: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows of a log, so many at a time as memory may hold."""
    source = iter(log)
    while rows := list(islice(source, CHUNK)):
        yield rows


def parts_of_text(
    texts: Iterable[bytes], schema: TableSchema, since: datetime, until: datetime
) -> Iterator[Part]:
    """The rows of segments from `since` on and before `until`.

    Args:
        schema: The columns that are wanted.
    """
    lines = chain.from_iterable(text.splitlines() for text in texts)
    held = ((line, row) for line in lines if (row := parsed(line)) is not None)
    for by_column, some in groupby(held, key=lambda each: is_block(each[1])):
        if by_column:
            yield from _parts_of_blocks(some, schema, since, until)
        else:
            rows = (row for _, row in some if since <= time_of(row) < until)
            yield from parts_of_rows(rows, schema)


def time_of(row: Row) -> datetime:
    """When a row was answered."""
    return datetime.fromisoformat(row["time"])


def _parts_of_blocks(
    blocks: Iterable[tuple[bytes, Row]], schema: TableSchema, since: datetime, until: datetime
) -> Iterator[Part]:
    import pyarrow as pa

    within = ((line, block, _within(block["time"], since, until)) for line, block in blocks)
    held = (each for each in within if each[2])
    batches: list[Batch] = []
    while some := _up_to(held, BATCH):
        try:
            batches.append(_batch(some, schema))
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # A value that is none of the schema's.
            yield from parts_of_rows(chain.from_iterable(map(_rows, some)), schema)
        if sum(len(batch.ids) for batch in batches) >= PART:
            yield BlocksPart(batches, schema)
            batches = []
    if batches:
        yield BlocksPart(batches, schema)


def _up_to(blocks: Iterator[Held], rows: int) -> list[Held]:
    """The next blocks, until they hold so many rows."""
    some: list[Held] = []
    while rows > 0 and (each := next(blocks, None)):
        some.append(each)
        rows -= len(each[2])
    return some


def _batch(held: Sequence[Held], schema: TableSchema) -> Batch:
    return Batch(
        [(line, places) for line, _, places in held],
        [_answers(block, schema)[places] for _, block, places in held],
        [_array(held, column) for column in schema.columns],
        _values(held, "id"),
        _values(held, "row"),
        _values(held, "version"),
    )


def _answers(block: Row, schema: TableSchema) -> NDArray[np.float32]:
    """What was answered to the rows of a block; nothing by a version of another kind of target."""
    columns = block.get(SCORES, []) if schema.classes else [block.get("prediction", [])]
    return np.array(columns, dtype=np.float32).reshape(-1, len(block["time"])).T


def _array(held: Sequence[Held], column: Column) -> Any:
    import pyarrow as pa

    values: list[Any] = []
    for _, block, places in held:
        found = block[FEATURES].get(column.name)
        values += [None] * len(places) if found is None else _at(places, found)
    return pa.array(values, _arrow_type(column))


def _values(held: Sequence[Held], name: str) -> list[Any]:
    return [value for _, block, places in held for value in _at(places, block[name])]


def _rows(held: Held) -> Iterator[Row]:
    _, block, places = held
    rows = list(unpacked(block))
    return (rows[place] for place in places)


def _at(places: Sequence[int], values: Sequence[Any]) -> Sequence[Any]:
    """The values at some places, which are in order."""
    return values if len(places) == len(values) else [values[place] for place in places]


def scores_of(rows: Sequence[Row], schema: TableSchema) -> NDArray[np.float32]:
    """What was answered to rows: [rows, classes], or [rows, 1] in a regression."""
    if schema.classes:
        return np.array([row["scores"] for row in rows], dtype=np.float32)
    return np.array([[row["prediction"]] for row in rows], dtype=np.float32)


def _within(times: Sequence[str], since: datetime, until: datetime) -> Sequence[int]:
    """The places of the times in a window; where all are, without reading each."""
    first, last = (each.astimezone(UTC).isoformat()[:SECONDS] for each in (since, until))
    # Whole seconds are in order as text, the fractions that follow are not.
    if first < min(times)[:SECONDS] and max(times)[:SECONDS] < last:
        return range(len(times))
    moments = enumerate(map(datetime.fromisoformat, times))
    return [place for place, time in moments if since <= time < until]


def _arrow_type(column: Column) -> Any:
    """How JSON holds a column; a whole number is a number."""
    import pyarrow as pa

    if column.kind == "numeric" or column.dtype in ("int64", "float64"):
        return pa.float64()
    return pa.bool_() if column.dtype == "bool" else pa.string()
