"""Parquet files and folders of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from serving.errors import DataError, near_miss
from steps.data.columnfile import as_frame
from steps.data.dtypes import refuse_duplicates
from steps.data.location import scrubbed
from steps.data.objectstore import Store, told
from steps.data.textstream import refuse_bomb

# A column of equal values takes a few bytes however long it is: what a file holds is told from its
# cells, of so many bytes each, and it may be larger than a text of its size.
CELL, LARGE, RATIO = 8, 4 << 30, 10_000


def read_parquet(store: Store) -> pd.DataFrame:
    """One Parquet file, or all of a folder with the columns that `name=value` folders add.

    Raises:
        DataError: A file is unreadable, or the files of a folder differ in their columns.
    """
    with _readable(store):
        # What is buffered ahead of a file here is memory, and of a store's is time.
        here = store.location.kind == "file"
        few = {"batch_readahead": 1, "fragment_readahead": 1} if here else {}
        frame = _as_pandas(_dataset(store, ahead=not here).to_table(**few), store)
    named = any(name is not None for name in frame.index.names)
    if named:
        refuse_duplicates([*map(str, frame.index.names), *frame.columns], f"'{store.shown}'")
    return frame.reset_index(drop=not named)


def _as_pandas(table: Any, store: Store) -> pd.DataFrame:
    """The table as a frame.

    Raises:
        DataError: It holds a time that no frame can, or notes of pandas that say nothing.
    """
    import pyarrow as pa

    try:
        # Text that is no UTF-8 would be found where nobody knows the file any more.
        table.validate(full=True)
        frame = as_frame(table)
    except pa.ArrowException:
        raise
    except (ValueError, OverflowError, KeyError, TypeError, AttributeError) as error:
        raise DataError(_unreadable(store, error)) from error
    return frame


def stream_parquet(store: Store, rows: int) -> Iterator[Any]:
    """The same some rows at a time, as Arrow tables in the order of the files and their rows.

    Args:
        rows: The most rows at a time.

    Raises:
        DataError: As `read_parquet` does.
    """
    with _readable(store):
        dataset = _dataset(store)
        for fragment in dataset.get_fragments():
            yield from _stream_file(store, fragment, dataset.schema, rows)


def frames_of(store: Store, rows: int, least: int) -> Callable[[], Iterator[pd.DataFrame]] | None:
    """What reads `read_parquet`'s rows in parts; None where they are better read at once.

    These are few rows, and those with an index, or with types that are no number, text or time.

    Args:
        rows: The most rows at a time.
        least: Of no more rows than these it is none.

    Raises:
        DataError: As `read_parquet` does.
    """
    with _readable(store):
        dataset = _dataset(store)
        count = sum(each.metadata.num_rows for each in dataset.get_fragments())
        notes = json.loads((dataset.schema.metadata or {}).get(b"pandas", b"{}"))
    named = any(isinstance(index, str) for index in notes.get("index_columns", []))
    if count <= least or named or not all(map(_plain, dataset.schema.types)):
        return None
    return lambda: _frames(store, rows)


def _frames(store: Store, rows: int) -> Iterator[pd.DataFrame]:
    """The parts as frames."""
    for table in stream_parquet(store, rows):
        with _readable(store):
            frame = _as_pandas(table, store)
        yield frame.reset_index(drop=True)


def _plain(kind: Any) -> bool:
    """Whether a part of a column of that type is what it is in the whole column."""
    from pyarrow import types

    numbers = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    texts = types.is_string(kind) or types.is_large_string(kind)
    return bool(numbers or texts or types.is_timestamp(kind) or types.is_date(kind))


def _stream_file(store: Store, fragment: Any, schema: Any, rows: int) -> Iterator[Any]:
    """One file of a folder, with what its folders' names add.

    Arrow's own scan of a dataset reads ahead of whoever takes its batches, without a bound.
    """
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    added = ds.get_partition_keys(fragment.partition_expression)
    with store.fs.open(fragment.path, "rb") as stream:
        # What is buffered ahead stays in memory until the whole file is read.
        for batch in pq.ParquetFile(stream, pre_buffer=False).iter_batches(batch_size=rows):
            batch.validate(full=True)
            table = pa.Table.from_batches([batch])
            for name, value in added.items():
                column = pa.repeat(pa.scalar(value, schema.field(name).type), len(table))
                table = table.append_column(name, column)
            yield table


@contextmanager
def _readable(store: Store) -> Iterator[None]:
    """Name the file of which pyarrow can make nothing."""
    import pyarrow as pa

    with told(store.location):
        try:
            yield
        # Of a file here it is the content, and of a store's it may be the store.
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and (error.errno or store.location.kind != "file"):
                raise
            raise DataError(_unreadable(store, error)) from error


def _dataset(store: Store, *, ahead: bool = True) -> Any:
    """The files as one table, still unread."""
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    paths = parquet_files(store)
    refuse_duplicates(pq.read_schema(paths[0], filesystem=store.fs).names, f"'{store.shown}'")
    dataset = ds.dataset(
        paths,
        format=ds.ParquetFileFormat(pre_buffer=ahead),
        filesystem=store.fs,
        partitioning="hive",
        partition_base_dir=store.path,
    )
    _refuse_uneven(dataset)
    for fragment in dataset.get_fragments():
        size = max(int(store.fs.size(fragment.path) or 0), 1)
        cells = fragment.metadata.num_rows * max(fragment.metadata.num_columns, 1)
        refuse_bomb(CELL * cells, max(LARGE, RATIO * size), store.shown)
    return dataset


def parquet_files(store: Store) -> list[str]:
    """The Parquet files at a place, in the order of their names.

    Raises:
        DataError: A folder holds none.
    """
    if not store.is_folder():
        return [store.path]
    names = list(store.files())
    found = [name for name in names if name.endswith((".parquet", ".pq"))]
    if not found:
        held = near_miss(".parquet", [PurePosixPath(name).name for name in names][:10])
        raise DataError(f"The folder '{store.shown}' holds no Parquet file. {held}")
    return found


def _refuse_uneven(dataset: Any) -> None:
    """Refuse files of one folder with other columns: pyarrow would leave them out silently."""
    first: set[str] = set()
    for fragment in dataset.get_fragments():
        names = set(fragment.physical_schema.names)
        first = first or names
        if names != first:
            odd = ", ".join(f"'{name}'" for name in sorted(names ^ first))
            file = PurePosixPath(fragment.path).name
            raise DataError(f"'{file}' differs from the other files of its folder in {odd}.")


def _unreadable(store: Store, error: Exception) -> str:
    """What to say of a file that is no Parquet."""
    words = scrubbed(str(error), store.location).strip().splitlines()[0].rstrip(".")
    return f"'{store.shown}' is no readable Parquet file: {words}. Is it complete?"
