"""Rows of the prediction log by column, as its blocks hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.schema import Column, TableSchema
from serving.shipping.blocks import Block, held_in
from serving.shipping.columns import EPOCH, MICROSECOND, Kept
from steps.monitoring.part import NAMED, Labels, Mask, Part, Row, parts_of_rows, time_of

# A call of pandas costs much the same for few rows and for many.
PART = 50_000
# All rows of a block, or the places of those that are meant.
Places = slice | NDArray[np.int64]
ALL = slice(None)


@dataclass(frozen=True, slots=True)
class Within:
    """The rows of a block that lie in a window.

    Args:
        features: Of each column of the schema an array: floats, or Arrow's.
    """

    block: Block
    places: Places
    rows: int
    features: Sequence[Any]

    def values(self, name: str) -> NDArray[Any]:
        """The values of a key."""
        return _objects(self.block.columns[name])[self.places]

    def answers(self, schema: TableSchema) -> NDArray[np.float32]:
        """What was answered [rows, scores]; nothing by a version of another kind of target."""
        other = self.block.columns.get("prediction")
        kept = self.block.scores if schema.classes else [other] * (other is not None)
        columns = [_floats(each)[self.places] for each in kept if each is not None]
        return np.array(columns, dtype=np.float32).reshape(-1, self.rows).T

    def labelled(self, rows: Mask, labels: Labels, columns: Sequence[str]) -> Iterator[Row]:
        """Those of some rows whose label is known; of other blocks nothing more is read."""
        ids, numbers = self.values("id").tolist(), self.values("row").tolist()
        own = np.flatnonzero(rows).tolist()
        if found := [place for place in own if (ids[place], numbers[place]) in labels]:
            held = {name: self.values(name)[found].tolist() for name in self._answered()}
            scores = zip(*(each.values() for each in self.block.scores), strict=True)
            answered = list(map(list, scores))
            places = np.arange(self.block.rows)[self.places][found].tolist()
            kept = {name: self.block.features.get(name) for name in columns}
            values = {name: each.values() for name, each in kept.items() if each is not None}
            for number, place in enumerate(places):
                row = {name: each[number] for name, each in held.items()}
                if answered:
                    row["scores"] = answered[place]
                row["features"] = {name: each[place] for name, each in values.items()}
                yield row

    def _answered(self) -> list[str]:
        return [name for name in (*NAMED, "prediction") if name in self.block.columns]


@dataclass(frozen=True, slots=True)
class BlocksPart:
    """Rows that came in blocks."""

    blocks: Sequence[Within]
    schema: TableSchema

    @property
    def features(self) -> pd.DataFrame:
        """The columns of the schema."""
        import pyarrow as pa

        columns = list(zip(*(each.features for each in self.blocks), strict=True))
        places = {column.name: place for place, column in enumerate(self.schema.columns)}
        numbers = {column.name for column in self.schema.columns if _is_number(column)}
        texts = {
            name: pa.chunked_array(columns[place])
            for name, place in places.items()
            if name not in numbers
        }
        named = pa.table(texts).to_pandas() if texts else {}
        return pd.DataFrame(
            {
                name: np.concatenate(columns[place]) if name in numbers else named[name]
                for name, place in places.items()
            },
            copy=False,
        )

    @property
    def versions(self) -> NDArray[Any]:
        """Who answered each row."""
        return np.concatenate([each.values("version") for each in self.blocks])

    def scores(self, rows: Mask) -> NDArray[np.float32]:
        """What was answered to some of the rows."""
        chosen = [each.answers(self.schema)[mine] for each, mine in self._each(rows) if mine.any()]
        return np.concatenate(chosen) if chosen else np.empty((0, self.schema.width), np.float32)

    def labelled(self, rows: Mask, labels: Labels, columns: Sequence[str]) -> Iterable[Row]:
        """Those of some rows whose label is known."""
        for each, mine in self._each(rows) if labels else ():
            yield from each.labelled(mine, labels, columns)

    def _each(self, rows: Mask) -> Iterator[tuple[Within, Mask]]:
        """The blocks, and which of the rows of each are meant."""
        ends = np.cumsum([each.rows for each in self.blocks])[:-1]
        return zip(self.blocks, np.split(rows, ends), strict=True)


def parts_of_text(
    texts: Iterable[bytes], schema: TableSchema, since: datetime, until: datetime
) -> Iterator[Part]:
    """The rows of segments from `since` on and before `until`.

    Args:
        schema: The columns that are wanted.
    """
    held = chain.from_iterable(map(held_in, texts))
    for by_column, some in groupby(held, key=lambda each: isinstance(each, Block)):
        if by_column:
            yield from _parts_of_blocks(some, schema, since, until)  # type: ignore[arg-type]
        else:
            rows = (row for row in some if since <= time_of(row) < until)  # type: ignore[arg-type]
            yield from parts_of_rows(rows, schema)  # type: ignore[arg-type]


def _parts_of_blocks(
    blocks: Iterable[Block], schema: TableSchema, since: datetime, until: datetime
) -> Iterator[Part]:
    import pyarrow as pa

    some: list[Within] = []
    for block in blocks:
        places, rows = _places(block, since, until)
        if not rows:
            continue
        try:
            features = [_feature(block, column, places, rows) for column in schema.columns]
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # A value that is none of the schema's.
            whole = list(block.unpacked())
            yield from parts_of_rows(
                [whole[place] for place in np.arange(block.rows)[places]], schema
            )
            continue
        some.append(Within(block, places, rows, features))
        if sum(each.rows for each in some) >= PART:
            yield BlocksPart(some, schema)
            some = []
    if some:
        yield BlocksPart(some, schema)


def _places(block: Block, since: datetime, until: datetime) -> tuple[Places, int]:
    """Which rows of a block lie in a window, and how many."""
    first, last = ((each - EPOCH) // MICROSECOND for each in (since, until))
    moments = block.columns["time"].moments()
    inside = (first <= moments) & (moments < last)
    if inside.all():
        return ALL, block.rows
    places = np.flatnonzero(inside)
    return places, len(places)


def _feature(block: Block, column: Column, places: Places, rows: int) -> Any:
    """A column of the schema: floats, or an array of Arrow's; null where the block has none."""
    import pyarrow as pa

    kept, kind = block.features.get(column.name), _arrow_type(column)
    if _is_number(column):
        return np.full(rows, np.nan) if kept is None else _floats(kept)[places]
    if kept is None:
        return pa.nulls(rows, kind)
    if "of" in kept.how:
        codes, names = kept.codes()[places], pa.array(kept.how["of"], kind)
        return pa.DictionaryArray.from_arrays(pa.array(codes), names).cast(kind)
    return pa.array(_objects(kept)[places], kind)


def _floats(kept: Kept) -> NDArray[Any]:
    import pyarrow as pa

    found = kept.floats()
    if found is None:
        found = pa.array(kept.values(), pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _objects(kept: Kept) -> NDArray[Any]:
    found = np.empty(kept.rows, dtype=object)
    found[:] = kept.values()
    return found


def _is_number(column: Column) -> bool:
    """Whether JSON holds a column's values as numbers."""
    return column.kind == "numeric" or column.dtype in ("int64", "float64")


def _arrow_type(column: Column) -> Any:
    import pyarrow as pa

    return pa.bool_() if column.dtype == "bool" else pa.string()
