"""Parquet files and folders of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from serving.errors import DataError, near_miss
from steps.data.dtypes import refuse_duplicates
from steps.data.location import scrubbed
from steps.data.objectstore import Store, told


def read_parquet(store: Store) -> pd.DataFrame:
    """One Parquet file, or all of a folder with the columns that `name=value` folders add.

    Raises:
        DataError: A file is unreadable, or the files of a folder differ in their columns.
    """
    with _readable(store):
        frame = _dataset(store).to_table().to_pandas()
    named = any(name is not None for name in frame.index.names)
    return frame.reset_index(drop=not named)


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
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise DataError(_unreadable(store, error)) from error


def _dataset(store: Store) -> Any:
    """The files as one table, still unread."""
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    paths = parquet_files(store)
    refuse_duplicates(pq.read_schema(paths[0], filesystem=store.fs).names, f"'{store.shown}'")
    dataset = ds.dataset(
        paths,
        format="parquet",
        filesystem=store.fs,
        partitioning="hive",
        partition_base_dir=store.path,
    )
    _refuse_uneven(dataset)
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
