"""Reading a table from wherever the settings say it lies."""

from __future__ import annotations

import pandas as pd

from serving.errors import ConfigError, DataError
from steps.data.demos import DEMOS
from steps.data.dtypes import normalise
from steps.data.location import SUFFIXES, Location, bare_suffix, locate
from steps.data.settings import SourceSettings, refuse_absent


def read_table(settings: SourceSettings) -> pd.DataFrame:
    """The whole table in plain types, without the columns to drop.

    Raises:
        DataError: The table is absent, empty or unreadable.
        ConfigError: A column to drop is absent, or the place is not to be reached as it is told.
        RunError: The place does not answer.
    """
    location = locate(settings.data)
    frame = _read(location, settings)
    if settings.drop:
        refuse_absent(settings.drop, list(frame.columns), "drop")
        frame = frame.drop(columns=list(settings.drop))
    if frame.empty:
        what = "columns" if len(frame) else "rows"
        raise DataError(f"'{location.shown}' holds no {what}.")
    return normalise(frame, f"'{location.shown}'")


def _read(location: Location, settings: SourceSettings) -> pd.DataFrame:
    """The table as its place gives it."""
    if location.kind != "sql" and settings.query:
        raise ConfigError(f"A query asks a database, and '{location.shown}' is none.")
    if location.kind == "demo":
        return DEMOS[location.uri]()
    if location.kind == "sql":
        from steps.data.database import read_sql

        return read_sql(location, settings.query)
    return _read_files(location)


def _read_files(location: Location) -> pd.DataFrame:
    """A file or a folder, here or in an object store."""
    from steps.data.csvfile import read_csv
    from steps.data.objectstore import open_store
    from steps.data.parquet import read_parquet

    store = open_store(location)
    suffix = bare_suffix(store.path)
    if suffix in (".parquet", ".pq") or store.is_folder():
        return read_parquet(store)
    if suffix in SUFFIXES:
        return read_csv(store)
    # What is not there needs no better suffix.
    store.files()
    raise DataError(
        f"'{location.shown}' ends in no suffix of a table. Known: {', '.join(SUFFIXES)}, "
        "each of the text ones also with .gz, .zip, .bz2 or .xz."
    )
