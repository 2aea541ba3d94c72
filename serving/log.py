"""The prediction log: what the server saw and answered, one JSON line a row.

A request's record joins a bounded queue after its answer was sent. A thread writes the queue out
twenty times a second, so that a killed process loses less than the last second and a stopped one
nothing. Whole segments are shipped to a store by a process of its own, or stay where they are.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.feedback import FeedbackLog
from serving.refusals import Values
from serving.rows import OneRow
from serving.segments import Segments
from serving.sensitive import Mask, mask_of
from serving.shipping.process import Shipping
from serving.shipping.settings import LogSettings, read_settings
from serving.shipping.worker import Shipped

# Short, so that what waits stays in the processor's cache.
INTERVAL = 0.05
TEND = 1.0
CHUNK = 64
INLINE = 8
OMITTED = Mask()
LINES = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z


@dataclass(slots=True)
class Record:
    """One answered request.

    Args:
        time: Seconds since 1970 when it was answered.
        labels: The class of each row; None in a regression.
        ms: Milliseconds from the parsed body to the answer.
        sensitive: The columns whose values the log must not hold.
    """

    time: float
    id: str
    model: str
    version: str
    columns: Mapping[str, Values]
    labels: list[object] | None
    scores: NDArray[np.float32]
    ms: float
    sensitive: frozenset[str] = frozenset()

    def lines(self, mask: Mask = OMITTED) -> Iterator[bytes]:
        """The record's rows as the log holds them."""
        columns = mask.columns(self.columns, self.sensitive) if self.sensitive else self.columns
        when = datetime.fromtimestamp(self.time, UTC)
        rows = enumerate(self._rows(columns))
        while some := [self._line(when, row, features) for row, features in islice(rows, CHUNK)]:
            yield from _written(some)

    def _line(self, when: datetime, row: int, features: dict[str, object]) -> dict[str, object]:
        line: dict[str, object] = {
            "time": when,
            "id": self.id,
            "row": row,
            "model": self.model,
            "version": self.version,
            "features": features,
        }
        if self.labels is None:
            line["prediction"] = self.scores[row, 0]
        else:
            line["label"], line["scores"] = self.labels[row], self.scores[row]
        line["ms"] = self.ms
        return line

    def _rows(self, columns: Mapping[str, Values]) -> Iterable[dict[str, object]]:
        if isinstance(columns, OneRow):
            return [columns.row]
        if len(self.scores) == 1:
            return [{name: value for name, (value,) in columns.items()}]
        if not columns:  # Where every column is left out there are still as many rows.
            return [{} for _ in self.scores]
        names, rows = tuple(columns), zip(*columns.values(), strict=True)
        return (dict(zip(names, values, strict=True)) for values in rows)


def _written(lines: list[dict[str, object]]) -> list[bytes]:
    """Lines as the log holds them, all at once: that takes half the time."""
    if len(lines) == 1:
        return [orjson.dumps(lines[0], option=LINES)]
    text = orjson.dumps(lines, option=LINES)[1:-2] + b"\n"
    # What looks alike inside a text has a backslash before its quotes.
    return text.replace(b',{"time":', b'\n\0{"time":').split(b"\0")


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows since the server started.

    Args:
        dropped: Rows that the queue or the disk could not take.
        expired: Rows of whole segments that were removed, over the bound, before they were shipped.
        waiting: Rows in the queue.
        segments: Whole segments on this machine.
        labels: Labels that came and were written.
    """

    written: int
    dropped: int
    expired: int
    waiting: int
    segments: int
    shipped: Shipped
    labels: int = 0


class PredictionLog:
    """A bounded queue of records and the thread that writes them to a directory.

    Args:
        limit: Rows that may wait to be written; what comes above is dropped and counted.
        inline: Rows up to which a record is written down in the moment in which it comes.
        mask: What is kept of sensitive columns.
        shipping: What ships whole segments; None where they stay.
    """

    def __init__(
        self,
        directory: Path,
        settings: LogSettings = LogSettings(),  # noqa: B008
        *,
        limit: int = 200_000,
        inline: int = INLINE,
        mask: Mask = OMITTED,
        shipping: Shipping | None = None,
    ) -> None:
        self.written = 0
        self.dropped = 0
        self.feedback = FeedbackLog(directory, settings)
        self._directory = directory
        self._limit = limit
        self._inline = inline
        self._segments = Segments(
            directory, size=settings.segment, seconds=settings.seconds, keep=settings.keep
        )
        self._mask = mask
        self._shipping = shipping
        self._queue: deque[Record | list[bytes]] = deque()
        self._waiting = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        self._told = ""

    def start(self) -> None:
        """Begin to write."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._thread.start()

    def counts(self) -> Counts:
        """What became of the rows."""
        return Counts(
            written=self.written,
            dropped=self.dropped,
            expired=self._segments.expired,
            waiting=self._waiting,
            segments=len(self._segments.whole()),
            shipped=self._shipping.shipped() if self._shipping else Shipped(),
            labels=self.feedback.written,
        )

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
        self._queue.append(self._lines(record) if rows <= self._inline else record)

    def close(self) -> None:
        """Write what is waiting, end the thread and let the last segment be shipped."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._segments.close()
        self.feedback.close()
        if self._shipping is not None:
            self._shipping.close()

    def _run(self) -> None:
        tended = -math.inf
        while not self._stop.wait(INTERVAL):
            self._drain()
            if time.monotonic() - tended >= TEND:
                tended = time.monotonic()
                self._tend()
        self._drain()

    def _tend(self) -> None:
        try:
            self._segments.tend()
            self.feedback.tend()
            if self._shipping is not None:
                self._shipping.tend()
        except Exception as error:  # What cannot be tended must not end the log.
            self._tell(error)

    def _drain(self) -> None:
        lines: list[bytes] = []
        for _ in range(len(self._queue)):
            entry = self._queue.popleft()
            if not isinstance(entry, Record):
                lines.extend(entry)
            elif len(entry.scores) <= INLINE:
                lines.extend(self._lines(entry))
            else:
                self._append_batch(entry)
            if len(lines) >= CHUNK:
                self._append(lines)
                lines = []
        self._append(lines)

    def _append_batch(self, record: Record) -> None:
        """Write a large record a few lines at a time, so that requests come in between."""
        rows, lines = len(record.scores), record.lines(self._mask)
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
            return list(record.lines(self._mask))
        except Exception as error:
            self._lose(len(record.scores), error)
            return []

    def _append(self, lines: list[bytes]) -> None:
        if not lines:
            return
        try:
            self._segments.append(b"".join(lines))
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
        self._tell(error)

    def _tell(self, error: Exception) -> None:
        if repr(error) != self._told:
            self._told = repr(error)
            # What the process prints goes to a file that may lie on the same full disk.
            with suppress(OSError):
                print(f"prediction log: {error!r}", file=sys.stderr, flush=True)


def open_log(home: Path, python: str = sys.executable, *, inline: int = INLINE) -> PredictionLog:
    """The log of a home's server, kept as the home's settings say.

    Args:
        python: The Python that has the drivers of stores.
    """
    settings = read_settings(home)
    mask = mask_of(home, settings.sensitive)
    shipping = Shipping(home, python)
    return PredictionLog(home / "log", settings, inline=inline, mask=mask, shipping=shipping)
