"""Reading a table from wherever the settings say it lies."""

from __future__ import annotations

import pandas as pd

from serving.errors import ConfigError, DataError, near_miss
from steps.data.demos import DEMOS
from steps.data.dtypes import normalise
from steps.data.location import SUFFIXES, Location, bare_suffix, locate
from steps.data.settings import SourceSettings


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
        refuse_absent(settings.drop, frame, "drop")
        frame = frame.drop(columns=list(settings.drop))
    if frame.empty:
        what = "columns" if len(frame) else "rows"
        raise DataError(f"'{location.shown}' holds no {what}.")
    return normalise(frame, f"'{location.shown}'")


def target_of(settings: SourceSettings) -> str:
    """The column to predict.

    Raises:
        ConfigError: None is named, and the table is no demo.
    """
    if settings.target:
        return settings.target
    if settings.data in DEMOS:
        return DEMOS[settings.data].target
    raise ConfigError("Say which column to predict with --target.")


def refuse_absent(names: tuple[str, ...], frame: pd.DataFrame, option: str) -> None:
    """Refuse settings that name a column the table does not hold.

    Raises:
        ConfigError: They do.
    """
    for name in names:
        if name not in frame.columns:
            raise ConfigError(
                f"The table has no column '{name}' ({option}). {near_miss(name, frame.columns)}"
            )


def _read(location: Location, settings: SourceSettings) -> pd.DataFrame:
    """The table as its place gives it."""
    if location.kind != "sql" and settings.query:
        raise ConfigError(f"A query asks a database, and '{location.shown}' is none.")
    if location.kind == "demo":
        return DEMOS[location.uri].read()
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
    raise DataError(
        f"'{location.shown}' ends in no suffix of a table. Known: {', '.join(SUFFIXES)}, "
        "each of the text ones also with .gz, .zip, .bz2 or .xz."
    )
