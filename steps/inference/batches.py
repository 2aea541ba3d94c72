"""A table a batch at a time, in the order in which it lies."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.errors import ConfigError, DataError
from serving.schema import TableSchema
from steps.data.location import SUFFIXES, bare_suffix, locate
from steps.inference.settings import PredictionSettings

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a table.

    Args:
        frame: The columns that the model reads.
        kept: The columns to carry over, as an Arrow table.
    """

    frame: DataFrame
    kept: Any


def batches(settings: PredictionSettings, schema: TableSchema) -> Generator[Batch, None, None]:
    """The rows of a table, never more than a batch of them at a time.

    Raises:
        DataError: The table is absent or unreadable.
        ConfigError: A column to keep is absent, or the place is not to be reached as it is told.
    """
    location = locate(settings.data)
    if location.kind != "sql" and settings.query:
        raise ConfigError(f"A query asks a database, and '{location.shown}' is none.")
    if location.kind == "demo":
        return _of_frame(settings, schema)
    if location.kind == "sql":
        return _of_query(settings, schema)
    return _of_files(settings, schema)


def rows_of(settings: PredictionSettings) -> int | None:
    """How many rows a file of this machine says that it has; None where that takes reading it."""
    location = locate(settings.data)
    if location.kind != "file" or bare_suffix(location.uri) not in (".parquet", ".pq"):
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(Path(location.uri)).num_rows)
    except (OSError, pa.ArrowException):
        # What is wrong with it is told where it is read.
        return None


def kept_names(settings: PredictionSettings, names: list[str], schema: TableSchema) -> list[str]:
    """The columns to carry over, in the table's order."""
    read = {*schema.names}
    if settings.keep == "none":
        return []
    if settings.keep == "all":
        return names
    if settings.keep == "ids":
        return [name for name in names if name not in read]
    from steps.data.settings import refuse_absent

    refuse_absent(settings.keep, names, "--keep")
    return [name for name in names if name in settings.keep]


def _of_frame(settings: PredictionSettings, schema: TableSchema) -> Generator[Batch, None, None]:
    import pyarrow as pa

    from steps.data.demos import DEMOS

    frame = DEMOS[locate(settings.data).uri]()
    kept = kept_names(settings, list(frame.columns), schema)
    for at in range(0, len(frame), settings.batch):
        part = frame.iloc[at : at + settings.batch].reset_index(drop=True)
        yield Batch(part, pa.Table.from_pandas(part[kept], preserve_index=False))


def _of_files(settings: PredictionSettings, schema: TableSchema) -> Generator[Batch, None, None]:
    from steps.data.objectstore import open_store

    store = open_store(locate(settings.data))
    suffix = bare_suffix(store.path)
    if suffix in (".parquet", ".pq") or store.is_folder():
        return _of_parquet(settings, schema, store)
    if suffix in SUFFIXES:
        return _of_csv(settings, schema, store)
    store.files()
    raise DataError(f"'{store.shown}' ends in no suffix of a table: {', '.join(SUFFIXES)}.")


def _of_parquet(
    settings: PredictionSettings, schema: TableSchema, store: Any
) -> Generator[Batch, None, None]:
    import pyarrow as pa

    from steps.data.parquet import stream_parquet

    for table in stream_parquet(store, settings.batch):
        kept = kept_names(settings, table.column_names, schema)
        read = [name for name in table.column_names if name in schema.names]
        yield Batch(
            table.select(read).to_pandas(),
            pa.Table.from_batches(table.select(kept).to_batches(), table.select(kept).schema),
        )


def _of_csv(
    settings: PredictionSettings, schema: TableSchema, store: Any
) -> Generator[Batch, None, None]:
    from steps.data.csvfile import csv_names, stream_csv

    names = csv_names(store)
    kept = kept_names(settings, names, schema)
    # Text stays as it is written, ids above all: '007' is no 7.
    text = {column.name for column in schema.columns if column.dtype in ("str", "datetime64")}
    typed = dict.fromkeys({*names} - {*schema.names} | text, "str")
    copied = [name for name in kept if name not in typed]
    for frame in stream_csv(store, settings.batch, typed):
        yield Batch(frame, _as_text(frame, kept, copied))


def _of_query(settings: PredictionSettings, schema: TableSchema) -> Generator[Batch, None, None]:
    import pandas as pd

    from steps.data.database import stream_sql

    location = locate(settings.data)
    for names, rows in stream_sql(location, settings.query, settings.batch):
        frame = pd.DataFrame.from_records(rows, columns=names, coerce_float=True)
        kept = kept_names(settings, names, schema)
        yield Batch(frame, _as_text(frame, kept, kept))


def _as_text(frame: DataFrame, kept: list[str], convert: list[str]) -> Any:
    """Columns without a type of their own in the file, which later rows may show in another."""
    import pyarrow as pa

    columns = {}
    for name in kept:
        series = frame[name]
        if name in convert:
            series = series.map(str, na_action="ignore")
        columns[name] = pa.array(series.astype("object"), type=pa.string(), from_pandas=True)
    return pa.table(columns) if columns else pa.table({"": pa.nulls(len(frame))}).select([])
