"""A table that stays in its file: steps read it one column at a time, however many rows it has."""

from __future__ import annotations

import itertools
import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import IO, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

# A table of no more rows than this is not worth being read in parts.
GROUP = 1 << 17
# Rows of a column that are read at once, and of a group that is written: 30 columns take 15 MiB.
PART = 1 << 16
# Columns of so many bytes together stay in memory: a table that is no larger is read once.
KEPT = 64 << 20
# A table of so many bytes is read at once, whichever column is asked for.
SMALL = 32 << 20
# Where pandas itself keeps a frame's `attrs` in a Parquet file, and how it describes the frame.
ATTRS, PANDAS = b"PANDAS_ATTRS", b"pandas"
# Tell one choice of rows from another, as long as this process lives.
NUMBERS = itertools.count(1)


class Columns:
    """The columns of a file as they were last asked for, as long as they are not too many."""

    def __init__(self, file: str, held: object = None) -> None:
        self.file, self.held = _opened(file), held
        self.schema, self.name = self.file.schema_arrow, file
        about = self.file.metadata
        self.rows = int(about.num_rows)
        groups = [about.row_group(place) for place in range(about.num_row_groups)]
        self.ends = np.cumsum([group.num_rows for group in groups])
        self.small = self.rows <= GROUP and sum(each.total_byte_size for each in groups) <= SMALL
        self._kept: OrderedDict[tuple[int, str], pd.Series] = OrderedDict()

    def column(self, name: str, chosen: Mask | None, table: int) -> pd.Series:
        """A column, or some rows of it, read anew where it is not among the last ones.

        Args:
            table: Tells one choice of rows from another; 0 for all of them.
        """
        key = table, name
        if key not in self._kept:
            self._keep(key, self._read(name) if chosen is None else self._some(name, chosen))
        self._kept.move_to_end(key)
        return self._kept[key]

    def parts(self, name: str, chosen: Mask | None) -> Iterator[pd.Series]:
        """A column, or some rows of it, a part at a time with its rows' places as its index."""
        first = place = 0
        for batch in self.file.iter_batches(PART, columns=[name]):
            held = batch if chosen is None else batch.filter(chosen[first : first + len(batch)])
            first += len(batch)
            series: pd.Series = held.to_pandas()[name]
            series.index = pd.RangeIndex(place, place + len(series))
            place += len(series)
            yield series

    def group(self, number: int, places: NDArray[np.int64] | None) -> Any:
        """The rows at these places of a group, of which never more than a column is in memory."""
        import pyarrow as pa

        names = self.schema.names
        read = (self.file.read_row_group(number, columns=[name]).column(0) for name in names)
        columns = [column if places is None else column.take(places) for column in read]
        return pa.table(columns, schema=self.schema)

    def _keep(self, key: tuple[int, str], series: pd.Series) -> None:
        self._kept[key] = series
        while len(self._kept) > 1 and sum(each.nbytes for each in self._kept.values()) > KEPT:
            self._kept.popitem(last=False)

    def _some(self, name: str, chosen: Mask) -> pd.Series:
        whole = self._kept.get((0, name))
        if whole is None:
            return self._read(name, chosen)
        return whole[chosen].reset_index(drop=True)

    def _read(self, name: str, chosen: Mask | None = None) -> pd.Series:
        if self.small:  # Each reading has a price of its own, whatever it reads.
            frame = as_frame(self.file.read(use_pandas_metadata=True)).reset_index(drop=True)
            for each in frame.columns:
                self._keep((0, str(each)), frame[each])
            return frame[name] if chosen is None else frame[name][chosen].reset_index(drop=True)
        table = self.file.read(columns=[name], use_pandas_metadata=True)
        found = table if chosen is None else table.filter(chosen)
        series: pd.Series = as_frame(found)[name].reset_index(drop=True)
        return series


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
        import pyarrow.parquet as pq

        schema = self._from.schema.with_metadata(self._metadata())
        # Texts repeat; a dictionary of fractions costs more than it saves.
        repeated = [field.name for field in schema if not pa.types.is_floating(field.type)]
        with pq.ParquetWriter(stream, schema, use_dictionary=repeated) as writer:
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


def save_table(table: Table, stream: IO[bytes]) -> None:
    """Write a table as steps read it."""
    if isinstance(table, StoredTable):
        table.write(stream)
    else:
        table.to_parquet(stream, row_group_size=GROUP)


def read_frame(file: str | IO[bytes]) -> pd.DataFrame:
    """A stored table as the DataFrame that it was, with little more memory than that takes."""
    with _opened(file) as stored:
        table = stored.read(use_pandas_metadata=True)
    attrs = attrs_of(table.schema)
    frame = as_frame(table)
    frame.attrs = attrs
    return frame


def as_frame(table: Any) -> pd.DataFrame:
    """An Arrow table, which must not be used any more, as a DataFrame.

    The columns of a large one are freed one after another, as each is copied.
    """
    large = table.num_rows > GROUP
    frame: pd.DataFrame = table.to_pandas(split_blocks=large, self_destruct=large)
    return frame


def attrs_of(schema: Any) -> dict[str, Any]:
    """What a frame's maker noted in its `attrs`."""
    content: dict[str, Any] = json.loads((schema.metadata or {}).get(ATTRS, b"{}"))
    return content


def _opened(file: str | IO[bytes]) -> Any:
    import pyarrow.parquet as pq

    # What is buffered ahead stays in memory until the whole file is read.
    return pq.ParquetFile(file, pre_buffer=False)
