"""The prediction log: what the server saw and answered, one JSON line a row.

A request's record joins a bounded queue after its answer was sent. A thread writes the queue out
twenty times a second, so that a killed process loses less than the last second and a stopped one
nothing.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from itertools import islice
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.refusals import Values

# Short, so that what waits stays in the processor's cache.
INTERVAL = 0.05
CHUNK = 64
INLINE = 8
LINES = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z


@dataclass(slots=True)
class Record:
    """One answered request.

    Args:
        time: Seconds since 1970 when it was answered.
        labels: The class of each row; None in a regression.
        ms: Milliseconds from the parsed body to the answer.
    """

    time: float
    id: str
    model: str
    version: str
    columns: dict[str, Values]
    labels: list[object] | None
    scores: NDArray[np.float32]
    ms: float

    def lines(self) -> Iterator[bytes]:
        """The record's rows as the log holds them."""
        names, when = tuple(self.columns), datetime.fromtimestamp(self.time, UTC)
        for row, values in enumerate(zip(*self.columns.values(), strict=True)):
            line = {
                "time": when,
                "id": self.id,
                "row": row,
                "model": self.model,
                "version": self.version,
                "features": dict(zip(names, values, strict=True)),
                **self._answer(row),
                "ms": self.ms,
            }
            yield orjson.dumps(line, option=LINES)

    def _answer(self, row: int) -> dict[str, object]:
        if self.labels is None:
            return {"prediction": self.scores[row, 0]}
        return {"label": self.labels[row], "scores": self.scores[row]}


class PredictionLog:
    """A bounded queue of records and the thread that writes them to a directory.

    Args:
        limit: Rows that may wait to be written; what comes above is dropped and counted.
        segment: Bytes after which a new file is begun.
    """

    def __init__(self, directory: Path, *, limit: int = 200_000, segment: int = 64 << 20) -> None:
        self.written = 0
        self.dropped = 0
        self._directory = directory
        self._limit = limit
        self._segment = segment
        self._queue: deque[Record | list[bytes]] = deque()
        self._waiting = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        self._file: FileIO | None = None
        self._files = 0
        self._told = ""

    def start(self) -> None:
        """Begin to write."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def put(self, record: Record) -> None:
        """Queue a record, or count its rows as dropped when too many are waiting."""
        rows = len(record.scores)
        with self._lock:
            if self._waiting + rows > self._limit:
                self.dropped += rows
                return
            self._waiting += rows
        # A few rows are cheaper to write down here than to keep as objects: two threads that
        # contend for the interpreter, and a collector that walks what waits, cost more.
        self._queue.append(self._lines(record) if rows <= INLINE else record)

    def close(self) -> None:
        """Write what is waiting and end the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            self._drain()
        self._drain()

    def _drain(self) -> None:
        lines: list[bytes] = []
        for _ in range(len(self._queue)):
            entry = self._queue.popleft()
            if isinstance(entry, Record):
                self._append_batch(entry)
            else:
                lines.extend(entry)
            if len(lines) >= CHUNK:
                self._append(lines)
                lines = []
        self._append(lines)

    def _append_batch(self, record: Record) -> None:
        """Write a large record a few lines at a time, so that requests come in between."""
        rows, lines = len(record.scores), record.lines()
        try:
            while chunk := list(islice(lines, CHUNK)):
                self._append(chunk)
                rows -= len(chunk)
                # Once a backlog has grown, it is worth more than the latency of a request.
                hurried = self._stop.is_set() or self._waiting > self._limit // 4
                time.sleep(0 if hurried else 0.0005)
        except Exception as error:  # What cannot be written must not end the log.
            self._lose(rows, error)

    def _lines(self, record: Record) -> list[bytes]:
        try:
            return list(record.lines())
        except Exception as error:
            self._lose(len(record.scores), error)
            return []

    def _append(self, lines: list[bytes]) -> None:
        if not lines:
            return
        data = b"".join(lines)
        try:
            file = self._open()
            end = file.tell()
            if file.write(data) != len(data):
                file.truncate(end)
                raise OSError("the disk took only a part")
        except OSError as error:  # A full disk must not end the log, still less the server.
            self._lose(len(lines), error)
            return
        with self._lock:
            self.written += len(lines)
            self._waiting -= len(lines)

    def _lose(self, rows: int, error: Exception) -> None:
        with self._lock:
            self.dropped += rows
            self._waiting -= rows
        if repr(error) != self._told:
            self._told = repr(error)
            print(f"prediction log: {error!r}", file=sys.stderr, flush=True)

    def _open(self) -> FileIO:
        if self._file is not None and self._file.tell() >= self._segment:
            self._file.close()
            self._file = None
        if self._file is None:
            self._files += 1
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
            name = f"{stamp}-{os.getpid()}-{self._files:04d}.jsonl"
            self._file = FileIO(self._directory / name, "a")
        return self._file
