"""A large file as a stored table: brought to plain types some rows at a time, never held whole.

The types of a column are those of all its rows. They are told from the parts: where a later part
shows that an earlier one was written in too narrow a type, the file is read once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import IO, Any, TypeAlias

import pandas as pd

from steps.data.columnfile import GROUP, PART, writer_of
from steps.data.dtypes import plain, refuse_duplicates, refuse_nameless
from steps.data.location import SUFFIXES, bare_suffix, locate
from steps.data.objectstore import Store, open_store
from steps.data.settings import SourceSettings, refuse_absent
from steps.data.source import read_table
from steps.data.space import told_when_full
from steps.data.stored import StoredTable, Table

Types: TypeAlias = Mapping[str, str]
Columns: TypeAlias = dict[str, pd.Series]

# A file of fewer bytes is read at once.
SMALL = 4 << 20
# The file is read at most so often before it is read at once.
READINGS = 3
# What both of two types are part of.
BOTH = {
    frozenset(("int64", "float64")): "float64",
    frozenset(("bool", "boolean")): "boolean",
    frozenset(("str", "datetime64[us]")): "str",
}
# What a type becomes where values are missing, and what a column of nothing else is.
GAPS, NOTHING = {"int64": "float64", "bool": "boolean"}, "float64"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read in parts.

    Args:
        read: Its parts, as text in the columns of that type.
        mixed: The type of a column whose parts have nothing in common; empty where the file is
            then to be read at once.
    """

    read: Callable[[Types], Iterable[pd.DataFrame]]
    mixed: str


@dataclass(slots=True)
class Seen:
    """The type of the parts of a column so far.

    Args:
        empty: Whether one of them holds no value at all.
    """

    kind: str = ""
    empty: bool = False

    def add(self, part: pd.Series, mixed: str) -> None:
        """Let a part count."""
        if part.isna().all():
            self.empty = True
            return
        kind = str(part.dtype)
        same = not self.kind or self.kind == kind
        self.kind = kind if same else BOTH.get(frozenset((self.kind, kind)), mixed)

    @property
    def type(self) -> str:
        """The type of all of it."""
        return GAPS.get(self.kind, self.kind) if self.empty and self.kind else self.kind or NOTHING


def read_large(settings: SourceSettings) -> Table:
    """The table that `read_table` reads; a large file's in a temporary one, which goes with it.

    Raises:
        DataError: As `read_table` does, and so the others.
        RunError: There is no space left.
    """
    location = locate(settings.data)
    if location.kind not in ("file", "object") or settings.query:
        return read_table(settings)
    source = _source(open_store(location))
    found = source and _stored(source, settings, f"'{location.shown}'")
    return read_table(settings) if found is None else found


def _source(store: Store) -> Source | None:
    """How to read a file in parts; None where it is small, or better read at once."""
    if sum(int(info.get("size") or 0) for info in store.files().values()) < SMALL:
        return None
    suffix = bare_suffix(store.path)
    if suffix in (".parquet", ".pq") or store.is_folder():
        from steps.data.parquet import frames_of

        read = frames_of(store, PART, GROUP)
        return None if read is None else Source(lambda _: read(), "")
    if suffix in SUFFIXES:
        return Source(lambda types: _csv(store, types), "str")
    return None


def _csv(store: Store, types: Types) -> Iterator[pd.DataFrame]:
    """A CSV file in parts, with the text of the columns that are text somewhere."""
    from steps.data.csvfile import stream_csv

    return stream_csv(store, PART, {name: each for name, each in types.items() if each == "str"})


def _stored(source: Source, settings: SourceSettings, origin: str) -> StoredTable | None:
    """The table in a file of its own; None where its parts do not agree in their types."""
    types: Types = {}
    for _ in range(READINGS):
        with ExitStack() as until_kept:
            file = until_kept.enter_context(NamedTemporaryFile(suffix=".parquet"))
            columns = _columns(source.read(types), settings, origin)
            with told_when_full(file.name):
                found, written = _written(columns, types, source.mixed, file)
                file.flush()
            if written:
                until_kept.pop_all()
                return StoredTable.of(file.name, held=file)
        if not all(found.values()):
            break
        types = found
    return None


def _columns(
    frames: Iterable[pd.DataFrame], settings: SourceSettings, origin: str
) -> Iterator[Columns]:
    """The columns of each part as they were read, without those to drop."""
    for frame in frames:
        refuse_absent(settings.drop, list(frame.columns), "drop")
        kept = [name for name in frame.columns if name not in settings.drop]
        names = [str(name) for name in kept]
        refuse_duplicates(names, origin)
        refuse_nameless(names, origin)
        yield {str(name): frame[name] for name in kept}


def _written(
    parts: Iterable[Columns], types: Types, mixed: str, file: IO[bytes]
) -> tuple[Types, bool]:
    """Write the parts in these types, or else in the first one's as long as they have them.

    Returns:
        The types of all parts, and whether all were written in them.
    """
    seen: dict[str, Seen] = {}
    found: Types = {}
    given = bool(types)
    with Groups(file) as groups:
        for raw in parts:
            columns = {name: plain(series, name) for name, series in raw.items()}
            for name, series in columns.items():
                seen.setdefault(name, Seen()).add(series, mixed)
            found = {name: each.type for name, each in seen.items()}
            types = types or found
            if not all(found.values()):
                return found, False
            if given or found == types:
                groups.add({name: _as(types[name], columns[name], raw[name]) for name in types})
    return found, bool(found) and found == types


def _as(kind: str, part: pd.Series, raw: pd.Series) -> pd.Series:
    """A part of a column in the type of all of it.

    Args:
        raw: The part as it was read.
    """
    if part.dtype == kind:
        return part
    if part.isna().all():
        return pd.Series([None] * len(part), dtype=kind)
    # What looks like times here is text elsewhere.
    return raw.astype("str") if kind == "str" else part.astype(kind)


class Groups:
    """A Parquet file to which parts of a table are added, none of its groups too small."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._schema: Any = None
        self._writer: Any = None
        self._waiting: list[Any] = []

    def __enter__(self) -> Groups:
        return self

    def __exit__(self, *error: object) -> None:
        self._write()
        if self._writer is not None:
            self._writer.close()

    def add(self, columns: Columns) -> None:
        """Add some rows."""
        import pyarrow as pa

        frame = pd.DataFrame(
            {name: each.reset_index(drop=True) for name, each in columns.items()}, copy=False
        )
        part = pa.Table.from_pandas(frame, self._schema, preserve_index=False)
        self._schema = part.schema
        self._waiting.append(part)
        if sum(map(len, self._waiting)) >= PART:
            self._write()

    def _write(self) -> None:
        import pyarrow as pa

        if self._waiting:
            table = pa.concat_tables(self._waiting)
            self._writer = self._writer or writer_of(self._file, table.schema)
            self._writer.write_table(table, PART)
        self._waiting = []
