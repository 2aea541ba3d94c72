"""The columns of a Parquet file, read one by one and a part at a time."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import IO, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Mask: TypeAlias = NDArray[np.bool_]

# A table of no more rows than this is not worth being read in parts.
GROUP = 1 << 17
# Rows of a column that are read at once, and of a group that is written: 30 columns take 15 MiB.
PART = 1 << 16
# Columns of so many bytes together stay in memory: a table that is no larger is read once.
KEPT = 64 << 20
# A table of so many bytes is read at once, whichever column is asked for.
SMALL = 32 << 20
# Where pandas itself keeps a frame's `attrs` in a Parquet file.
ATTRS = b"PANDAS_ATTRS"


class Columns:
    """The columns of a file as they were last asked for, as long as they are not too many."""

    def __init__(self, file: str, held: object = None) -> None:
        self.file, self.held = opened(file), held
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
        place = 0
        for frame in self.frames([name], chosen):
            series: pd.Series = frame[name]
            series.index = pd.RangeIndex(place, place + len(series))
            place += len(series)
            yield series

    def frames(self, names: Sequence[str], chosen: Mask | None) -> Iterator[pd.DataFrame]:
        """Several columns, or some rows of them, a part at a time."""
        first = 0
        for batch in self.file.iter_batches(PART, columns=list(names)):
            held = batch if chosen is None else batch.filter(chosen[first : first + len(batch)])
            first += len(batch)
            yield held.to_pandas().reset_index(drop=True)

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


def opened(file: str | IO[bytes]) -> Any:
    import pyarrow.parquet as pq

    # What is buffered ahead stays in memory until the whole file is read.
    return pq.ParquetFile(file, pre_buffer=False)


def writer_of(stream: IO[bytes], schema: Any) -> Any:
    """What writes a table as steps read it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Texts repeat; a dictionary of fractions costs more than it saves.
    repeated = [field.name for field in schema if not pa.types.is_floating(field.type)]
    return pq.ParquetWriter(stream, schema, use_dictionary=repeated)
