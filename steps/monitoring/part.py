"""Some rows of the prediction log, as monitoring asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress, islice
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.schema import TableSchema

Row = Mapping[str, Any]
Labels = Mapping[tuple[str, int], object]
Mask = NDArray[np.bool_]

CHUNK = 20_000
# What tells a row from others.
NAMED = ("id", "row", "time")


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

    def labelled(self, rows: Mask, labels: Labels, columns: Sequence[str]) -> Iterable[Row]:
        """Those of some rows whose label is known, of their features with these columns alone."""
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

    def labelled(self, rows: Mask, labels: Labels, columns: Sequence[str]) -> Iterable[Row]:
        """Those of some rows whose label is known."""
        chosen = compress(self.rows, rows)
        return (_answer(row, columns) for row in chosen if (row["id"], row["row"]) in labels)


def _answer(row: Row, columns: Sequence[str]) -> Row:
    """A row with what was answered, and these of its features."""
    features = {name: row["features"][name] for name in columns if name in row["features"]}
    told = {name: row[name] for name in (*NAMED, "prediction", "scores") if name in row}
    return {**told, "features": features}


def parts_of_rows(log: Iterable[Row], schema: TableSchema) -> Iterator[Part]:
    """Rows one by one as parts, so many at a time as memory may hold."""
    return (RowsPart(rows, schema) for rows in chunks(log))


def chunks(log: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows of a log, so many at a time as memory may hold."""
    source = iter(log)
    while rows := list(islice(source, CHUNK)):
        yield rows


def time_of(row: Row) -> datetime:
    """When a row was answered."""
    return datetime.fromisoformat(row["time"])


def scores_of(rows: Sequence[Row], schema: TableSchema) -> NDArray[np.float32]:
    """What was answered to rows: [rows, classes], or [rows, 1] in a regression."""
    if schema.classes:
        return np.array([row["scores"] for row in rows], dtype=np.float32)
    return np.array([[row["prediction"]] for row in rows], dtype=np.float32)
