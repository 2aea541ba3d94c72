"""Predictions on their way to a file: parts that outlive a crash, and one file in the end."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from steps.data.location import Location, locate_output
from steps.data.objectstore import open_store, told

BLOCK = 1 << 20
REASON = "fault"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one output, beside it, each whole or not there.

    Args:
        identity: What the parts come from; parts of anything else are thrown away.
    """

    fs: Any
    out: str
    location: Location
    identity: str

    @classmethod
    def beside(cls, out: str, identity: str) -> Parts:
        """The parts of an output, with those that an interrupted run of the same left behind."""
        location = locate_output(out)
        store = open_store(location)
        parts = cls(store.fs, store.path, location, identity)
        with told(location, "written"):
            parts._open()
        return parts

    @property
    def folder(self) -> str:
        """Where the parts lie."""
        return f"{self.out}.parts"

    def held(self, number: int) -> tuple[int, int] | None:
        """The rows and the faulty rows of a part; None where there is no such part."""
        import pyarrow.parquet as pq

        path = self._path(number)
        with told(self.location, "written"):
            if not self.fs.exists(path):
                return None
            with self.fs.open(path, "rb") as stream:
                file = pq.ParquetFile(stream)
                names = file.schema_arrow.names
                faulty = file.read([REASON])[REASON] if REASON in names else None
                rows = file.metadata.num_rows
        return rows, rows - faulty.null_count if faulty is not None else 0

    def write(self, number: int, table: Any) -> None:
        """Add a part."""
        import pyarrow.parquet as pq

        draft = f"{self.folder}/draft"
        with told(self.location, "written"):
            with self.fs.open(draft, "wb") as stream:
                pq.write_table(table, stream)
            self.fs.mv(draft, self._path(number))

    def join(self, count: int, suffix: str) -> str:
        """Make the output of its parts, in one step for who reads it; gives the bytes' digest."""
        draft = f"{self.out}.draft"
        with told(self.location, "written"):
            with self.fs.open(draft, "wb") as stream:
                WRITERS[suffix](stream, [self._path(number) for number in range(count)], self.fs)
            digest = self._digest(draft)
            self.fs.mv(draft, self.out)
            self.fs.rm(self.folder, recursive=True)
        return digest

    def _open(self) -> None:
        known = f"{self.folder}/of.json"
        if self.fs.exists(known) and json.loads(self.fs.cat_file(known)) == self.identity:
            return
        if self.fs.exists(self.folder):
            self.fs.rm(self.folder, recursive=True)
        self.fs.makedirs(self.folder, exist_ok=True)
        self.fs.pipe_file(known, json.dumps(self.identity).encode())

    def _path(self, number: int) -> str:
        return f"{self.folder}/{number:06d}.parquet"

    def _digest(self, path: str) -> str:
        total = hashlib.sha256()
        with self.fs.open(path, "rb") as stream:
            while block := stream.read(BLOCK):
                total.update(block)
        return f"sha256:{total.hexdigest()}"


def _join_parquet(stream: Any, paths: list[str], fs: Any) -> None:
    import pyarrow.parquet as pq

    writer = None
    for path in paths:
        table = _read(path, fs)
        writer = writer or pq.ParquetWriter(stream, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _join_csv(stream: Any, paths: list[str], fs: Any) -> None:
    from pyarrow import csv

    for number, path in enumerate(paths):
        csv.write_csv(_read(path, fs), stream, csv.WriteOptions(include_header=number == 0))


def _read(path: str, fs: Any) -> Any:
    import pyarrow.parquet as pq

    with fs.open(path, "rb") as stream:
        return pq.read_table(stream)


WRITERS = {".parquet": _join_parquet, ".csv": _join_csv}
