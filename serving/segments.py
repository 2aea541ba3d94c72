"""The files of a prediction log on this machine: one is being written, the others are whole.

The one that is being written is locked for as long as its writer lives, also when that is killed.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import IO
from uuid import uuid4

from serving.shipping.layout import STAMP, SUFFIX

PIECE = 1 << 20
# Seconds by which a clock may be set before a new segment begins; in an hour it is drawn by less.
SET = 2.0


class Segments:
    """Appends lines to the segments of a directory.

    Args:
        size: Bytes after which a new segment is begun.
        seconds: Age after which a segment is whole.
        keep: Bytes of whole segments that may lie there; the oldest are removed.
    """

    def __init__(self, directory: Path, *, size: int, seconds: float, keep: int) -> None:
        self.expired = 0
        self._directory = directory
        self._size, self._seconds, self._keep = size, seconds, keep
        self._file: FileIO | None = None
        self._ends = 0.0
        self._set = 0.0
        self._name = ""
        # Servers of one name on several machines may share a store.
        self._process = uuid4().hex[:12]
        self._count = 0

    def append(self, data: bytes) -> None:
        """Write lines whole or not at all; OSError when the disk does not take them."""
        file = self._open()
        # Not where the file stands: that lies behind what a full disk made it give up before.
        end = os.fstat(file.fileno()).st_size
        if file.write(data) != len(data):
            file.truncate(end)
            raise OSError("the disk took only a part")
        if file.tell() >= self._size:
            self.close()

    def tend(self) -> None:
        """Close a segment that is old enough, and remove what lies above the bound."""
        if self._file is not None and time.monotonic() >= self._ends:
            self.close()
        segments = [(path, size) for path in self.whole() if (size := _size(path)) is not None]
        total = sum(size for _, size in segments)
        for path, size in segments:
            if total <= self._keep:
                break
            self.expired += _rows(path)
            path.unlink(missing_ok=True)
            total -= size

    def close(self) -> None:
        """Make the current segment whole."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._name = ""

    def whole(self) -> list[Path]:
        """The segments that nothing is added to, the oldest first."""
        return [path for path in segments(self._directory) if path.name != self._name]

    def _open(self) -> FileIO:
        # Readers look for a row in the hour of its own time: a clock that was set, or a machine
        # that slept, begins a segment anew.
        if abs(time.time() - time.monotonic() - self._set) > SET:
            self.close()
        if self._file is None:
            self._count += 1
            stamp = datetime.now(UTC).strftime(STAMP)
            name = f"{stamp}-{self._process}-{self._count:04d}{SUFFIX}"
            self._file = _begin(self._directory / name)
            self._name, self._ends = name, time.monotonic() + self._seconds
            self._set = time.time() - time.monotonic()
        return self._file


def segments(directory: Path) -> list[Path]:
    """Every segment, the oldest first."""
    return sorted(directory.glob(f"[0-9]*{SUFFIX}"))


def is_whole(file: FileIO) -> bool:
    """Whether nobody writes to a segment any more."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _begin(path: Path) -> FileIO:
    # Seen under its name only once it is locked, or it would be taken for a whole one.
    hidden = path.with_name(f".{path.name}")
    file = FileIO(hidden, "a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.rename(path)
    except BaseException:
        file.close()
        raise
    return file


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # Shipped in this moment.
        return None


def _rows(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(piece.count(b"\n") for piece in _pieces(file))
    except FileNotFoundError:
        return 0


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece
