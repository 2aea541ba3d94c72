"""The prediction log: what the server saw and answered, one JSON line a row.

A request only appends a record to a bounded queue. A thread writes the queue out every quarter of
a second, so that a killed process loses less than the last second and a stopped one nothing.
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
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.encoding import Values

INTERVAL = 0.25
CHUNK = 16
LINES = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True, slots=True)
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
        when = datetime.fromtimestamp(self.time, UTC).isoformat(timespec="milliseconds")
        head = {"time": when, "id": self.id, "model": self.model, "version": self.version}
        ms = round(self.ms, 3)
        for row, values in enumerate(zip(*self.columns.values(), strict=True)):
            features = dict(zip(self.columns, values, strict=True))
            line: dict[str, object] = {**head, "row": row, "features": features}
            if self.labels is None:
                line["prediction"] = self.scores[row, 0]
            else:
                line["label"], line["scores"] = self.labels[row], self.scores[row]
            yield orjson.dumps({**line, "ms": ms}, option=LINES)


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
        self._queue: deque[Record] = deque()
        self._waiting = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        self._chunk: list[bytes] = []
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
        self._queue.append(record)

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
        """Write what is waiting, a few lines at a time, so that requests come in between."""
        for _ in range(len(self._queue)):
            record = self._queue.popleft()
            self._chunk.extend(self._lines(record))
            while len(self._chunk) >= CHUNK:
                self._append(self._chunk[:CHUNK])
                del self._chunk[:CHUNK]
                # A backlog is worth more than the latency of the requests beside it.
                relaxed = self._waiting < self._limit // 4 and not self._stop.is_set()
                time.sleep(0.0005 if relaxed else 0)
        self._append(self._chunk)
        self._chunk.clear()

    def _lines(self, record: Record) -> list[bytes]:
        try:
            return list(record.lines())
        except Exception as error:  # What cannot be written must not end the log.
            self._lose(len(record.scores), error)
            return []

    def _append(self, lines: list[bytes]) -> None:
        data = b"".join(lines)
        try:
            file = self._open()
            end = file.tell()
            if data and file.write(data) != len(data):
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
        if str(error) != self._told:
            self._told = str(error)
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
