"""A table that stays in its file: steps read it one column at a time, however many rows it has."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steps.data.columnfile import (
    ATTRS,
    GROUP,
    PART,
    Columns,
    Mask,
    as_frame,
    attrs_of,
    opened,
    writer_of,
)

# How pandas describes a frame in a Parquet file.
PANDAS = b"pandas"
# Tell one choice of rows from another, as long as this process lives.
NUMBERS = itertools.count(1)


class StoredTable:
    """The rows of a Parquet file, or those of a mask, under the names that a DataFrame has for it.

    Args:
        columns: The file's.
        chosen: The rows that belong to the table; all where it is None.
    """

    def __init__(self, columns: Columns, chosen: Mask | None = None) -> None:
        self._from, self._chosen = columns, chosen
        self._number = 0 if chosen is None else next(NUMBERS)
        self._rows = columns.rows if chosen is None else int(chosen.sum())
        empty = columns.schema.empty_table().to_pandas()
        self.columns, self.dtypes = empty.columns, empty.dtypes
        self.attrs: dict[str, Any] = attrs_of(columns.schema)

    @classmethod
    def of(cls, file: str, held: object = None) -> StoredTable:
        """The table of a file here.

        Args:
            held: What must stay alive as long as the table, such as a temporary file.
        """
        return cls(Columns(file, held))

    @property
    def file(self) -> str:
        """Where all rows of its file lie, which are its own unless some were chosen."""
        return self._from.name

    def __len__(self) -> int:
        return self._rows

    def __repr__(self) -> str:
        return f"<{self._rows:,} rows of {len(self.columns)} columns in {self._from.name}>"

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns there are."""
        return self._rows, len(self.columns)

    def __getitem__(self, key: Any) -> Any:
        """A column by its name, or the table of the rows for which a mask holds."""
        if not isinstance(key, str):
            return self._where(np.asarray(key, dtype=np.bool_))
        if key not in self.columns:
            raise KeyError(key)
        return self._from.column(key, self._chosen, self._number)

    def parts(self, name: str) -> Iterator[pd.Series]:
        """A column in its order with its places as the index; of many rows a part at a time."""
        if self._from.rows <= GROUP:
            return iter([self[name]])
        return self._from.parts(name, self._chosen)

    def frames(self, names: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Some columns of all rows in their order; of many rows a part at a time."""
        if self._from.rows > GROUP:
            return self._from.frames(names, self._chosen)
        return iter([pd.DataFrame({name: self[name] for name in names}, copy=False)])

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> pd.DataFrame:
        """The rows at these places."""
        import pyarrow as pa

        places = np.asarray(rows, dtype=np.int64)
        if self._chosen is not None:
            places = np.flatnonzero(self._chosen)[places]
        groups = np.searchsorted(self._from.ends, places, side="right")
        found, order = [self._from.schema.empty_table()], np.argsort(groups, kind="stable")
        for group in np.unique(groups):
            inside = places[groups == group] - (self._from.ends[group - 1] if group else 0)
            found.append(self._from.group(int(group), inside))
        frame = pa.concat_tables(found).to_pandas(ignore_metadata=False).reset_index(drop=True)
        return frame.iloc[np.argsort(order, kind="stable")].set_axis(np.asarray(rows), axis=0)

    def sample(self, rows: int, random_state: int) -> pd.DataFrame:
        """The rows that a DataFrame's `sample` draws."""
        places = pd.Series(np.arange(len(self))).sample(rows, random_state=random_state)
        return self.take(places.to_numpy())

    def head(self, rows: int) -> StoredTable:
        """The first rows."""
        return self if rows >= len(self) else self._where(np.arange(len(self)) < rows)

    def reset_index(self, *, drop: bool) -> StoredTable:
        """The same: its rows are numbered by their place."""
        del drop
        return self

    def to_pandas(self) -> pd.DataFrame:
        """All of it, in memory."""
        columns = {name: self[name] for name in self.columns}
        frame = pd.DataFrame(columns, copy=len(self) <= GROUP)
        frame.attrs = dict(self.attrs)
        return frame

    def write(self, stream: IO[bytes]) -> None:
        """Copy it as a Parquet file, some rows at a time."""
        import pyarrow as pa

        if self._chosen is None and self.attrs == attrs_of(self._from.schema):
            with Path(self._from.name).open("rb") as source:
                shutil.copyfileobj(source, stream)
            return
        schema = self._from.schema.with_metadata(self._metadata())
        with writer_of(stream, schema) as writer:
            for parts in self._groups():
                writer.write_table(pa.concat_tables(parts), PART)
        pa.default_memory_pool().release_unused()

    def _where(self, mask: Mask) -> StoredTable:
        chosen = mask
        if self._chosen is not None:
            chosen = self._chosen.copy()
            chosen[self._chosen] = mask
        found = StoredTable(self._from, chosen)
        found.attrs = dict(self.attrs)
        return found

    def _groups(self) -> Iterator[list[Any]]:
        """Its rows in their order, enough for a group at a time."""
        first, waiting = 0, []
        for number, end in enumerate(self._from.ends.tolist()):
            here = None if self._chosen is None else np.flatnonzero(self._chosen[first:end])
            part = self._from.group(number, here)
            first = end
            if len(part):
                waiting.append(part)
            if sum(map(len, waiting)) >= PART:
                yield waiting
                waiting = []
        if waiting:
            yield waiting

    def _metadata(self) -> dict[bytes, bytes]:
        """What pandas reads a frame of these rows by."""
        kept = dict(self._from.schema.metadata or {})
        about = json.loads(kept.get(PANDAS, b"{}"))
        for index in about.get("index_columns", []):
            if isinstance(index, dict):
                index.update({"start": 0, "stop": self._rows, "step": 1})
        kept[PANDAS] = json.dumps(about).encode()
        kept.pop(ATTRS, None)
        return {**kept, ATTRS: json.dumps(self.attrs).encode()} if self.attrs else kept


# What a step asks of a table, each has: its columns by name, its rows by a mask.
Table: TypeAlias = pd.DataFrame | StoredTable


def parts(table: Table, name: str) -> Iterator[pd.Series]:
    """A column in its order, as many of its rows at a time as are in memory anyway."""
    return table.parts(name) if isinstance(table, StoredTable) else iter([table[name]])


def as_pandas(table: Table) -> pd.DataFrame:
    """All of a table in memory."""
    return table.to_pandas() if isinstance(table, StoredTable) else table


def frames(table: Table, names: Sequence[str]) -> Iterator[pd.DataFrame]:
    """All rows in their order with at least these columns, those that the table has."""
    if isinstance(table, StoredTable):
        return table.frames([name for name in names if name in table.columns])
    return iter([table])


def save_table(table: Table, stream: IO[bytes]) -> None:
    """Write a table as steps read it."""
    if isinstance(table, StoredTable):
        table.write(stream)
    else:
        table.to_parquet(stream, row_group_size=GROUP)


def read_frame(file: str | IO[bytes]) -> pd.DataFrame:
    """A stored table as the DataFrame that it was, with little more memory than that takes."""
    with opened(file) as stored:
        table = stored.read(use_pandas_metadata=True)
    attrs = attrs_of(table.schema)
    frame = as_frame(table)
    frame.attrs = attrs
    return frame
