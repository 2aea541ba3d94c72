"""Some rows of the prediction log by column, read without an object for each value of each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress, islice
from typing import Any, Protocol

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from serving.schema import Column, TableSchema

Row = Mapping[str, Any]
Labels = Mapping[tuple[str, int], object]
Mask = NDArray[np.bool_]

CHUNK = 20_000
# In bytes; what is parsed at once is several times as large in memory.
PIECE = 1 << 23


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
class TablePart:
    """Rows as an Arrow table.

    Args:
        table: The rows of the window, with their place among the lines.
        text: The lines that they were read from.
    """

    table: Any
    text: bytes
    schema: TableSchema

    @property
    def features(self) -> pd.DataFrame:
        """The columns of the schema."""
        import pyarrow as pa

        held = self.table["features"].combine_chunks()
        arrays = [held.field(name) for name in self.schema.names]
        frame: pd.DataFrame = pa.table(arrays, names=list(self.schema.names)).to_pandas()
        return frame

    @property
    def versions(self) -> NDArray[Any]:
        """Who answered each row."""
        return np.array(self.table["version"].to_pylist(), dtype=object)

    def scores(self, rows: Mask) -> NDArray[np.float32]:
        """What was answered to some of the rows."""
        name = "scores" if self.schema.classes else "prediction"
        held = self.table[name].combine_chunks().filter(rows)
        flat = held.flatten() if self.schema.classes else held
        width = len(self.schema.classes) or 1
        found: NDArray[np.float32] = flat.to_numpy(zero_copy_only=False).astype(np.float32)
        return found.reshape(-1, width)

    def labelled(self, rows: Mask, labels: Labels) -> Iterable[Row]:
        """Those of some rows whose label is known; only these are read whole."""
        if not labels:
            return
        lines = self.text.splitlines()
        keys = zip(self.table["id"].to_pylist(), self.table["row"].to_pylist(), strict=True)
        places = self.table["place"].to_pylist()
        for wanted, key, place in zip(rows.tolist(), keys, places, strict=True):
            if wanted and key in labels:
                row: Row = orjson.loads(lines[place])
                yield row


def parts_of_rows(log: Iterable[Row], schema: TableSchema) -> Iterator[Part]:
    """Rows one by one as parts, so many at a time as memory may hold."""
    return (RowsPart(rows, schema) for rows in chunks(log))


def chunks(log: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows of a log, so many at a time as memory may hold."""
    source = iter(log)
    while rows := list(islice(source, CHUNK)):
        yield rows


def parts_of_text(
    data: bytes, schema: TableSchema, since: datetime, until: datetime
) -> Iterator[Part]:
    """The rows of a segment from `since` on and before `until`.

    Args:
        schema: The columns that are wanted.
    """
    for text in pieces(data):
        table = read_table(text, schema)
        if table is None:
            rows = [row for line in text.splitlines() if (row := parsed(line)) is not None]
            kept = [row for row in rows if since <= datetime.fromisoformat(row["time"]) < until]
            part: Part = RowsPart(kept, schema)
        else:
            part = TablePart(_within(table, since, until), text, schema)
        if len(part.versions):
            yield part


def pieces(data: bytes) -> Iterator[bytes]:
    """Lines, about so many bytes of them at a time."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + PIECE) + 1 or len(data)
        yield data[start:end]
        start = end


def read_table(text: bytes, schema: TableSchema) -> Any | None:
    """Lines as an Arrow table; None where one is torn, or holds another type than the schema's."""
    import pyarrow as pa
    from pyarrow import json

    options = json.ParseOptions(
        explicit_schema=_arrow_schema(schema), unexpected_field_behavior="ignore"
    )
    try:
        reading = json.ReadOptions(use_threads=False, block_size=PIECE // 2)
        table = json.read_json(pa.BufferReader(text), reading, options)
        lines = text.count(b"\n") + (not text.endswith(b"\n"))
        return table if table.num_rows == lines else None
    except pa.ArrowInvalid:
        return None


def parsed(line: bytes) -> dict[str, Any] | None:
    """A row; None for a line that was torn when its server was killed."""
    try:
        row: dict[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return row


def scores_of(rows: Sequence[Row], schema: TableSchema) -> NDArray[np.float32]:
    """What was answered to rows: [rows, classes], or [rows, 1] in a regression."""
    if schema.classes:
        return np.array([row["scores"] for row in rows], dtype=np.float32)
    return np.array([[row["prediction"]] for row in rows], dtype=np.float32)


def _within(table: Any, since: datetime, until: datetime) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    placed = table.append_column("place", pa.array(np.arange(table.num_rows)))
    moment = pa.timestamp("us", "UTC")
    times = placed["time"].cast(moment)
    first, end = (pa.scalar(each, moment) for each in (since, until))
    return placed.filter(pc.and_(pc.greater_equal(times, first), pc.less(times, end)))


def _arrow_schema(schema: TableSchema) -> Any:
    import pyarrow as pa

    answers = (
        pa.field("scores", pa.list_(pa.float64()))
        if schema.classes
        else pa.field("prediction", pa.float64())
    )
    features = pa.struct([(column.name, _arrow_type(column)) for column in schema.columns])
    return pa.schema(
        [
            ("time", pa.string()),
            ("id", pa.string()),
            ("row", pa.int64()),
            ("version", pa.string()),
            answers,
            ("features", features),
        ]
    )


def _arrow_type(column: Column) -> Any:
    """How JSON holds a column; a whole number is a number."""
    import pyarrow as pa

    if column.kind == "numeric" or column.dtype in ("int64", "float64"):
        return pa.float64()
    return pa.bool_() if column.dtype == "bool" else pa.string()
