"""Ships whole segments: `python -m serving.shipping.worker --home HOME`.

The server starts this process, since a driver's import and the compression would hold up its
requests. It lives until its standard input ends, which it does in whichever way the server ends;
then it ships what is left and ends too.
"""

from __future__ import annotations

import argparse
import fcntl
import gzip
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import orjson

from serving.segments import is_whole, segments
from serving.shipping.blocks import packed
from serving.shipping.layout import FEEDBACK, place
from serving.shipping.settings import read_settings
from serving.shipping.store import Store, without_secrets
from serving.state import write_private

POLL = 0.5
LONGEST = 60.0
# What a process may still take once the server has ended.
GRACE = 10


@dataclass(slots=True)
class Shipped:
    """What was shipped since the server started.

    Args:
        rows: Of predictions; labels are none.
        failed: Attempts that failed.
        error: The words of the last failure, with no credential in them.
        failed_at: When that was, in seconds since 1970.
    """

    files: int = 0
    rows: int = 0
    failed: int = 0
    error: str = ""
    failed_at: float = 0.0


class Shipper:
    """Ships the whole segments of a home, the oldest first."""

    def __init__(self, home: Path) -> None:
        self.shipped = Shipped()
        self._home = home
        self._store: Store | None = None
        self._failures = 0
        self._told = ""
        self._note()

    def ship(self) -> float:
        """Ship what is whole; returns the seconds to wait before the next attempt."""
        settings = read_settings(self._home)
        if not settings.uri:
            return POLL
        try:
            for path, kind in self._left():
                if self._store is None:
                    self._store = Store(settings.uri, settings.options)
                self._ship(path, kind, self._store)
        except Exception as error:  # Drivers raise errors of their own packages.
            self._store = None
            self._fail(without_secrets(_words(error), settings.uri, settings.options))
            return min(LONGEST, 2.0 ** min(self._failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311
        self._failures = 0
        return POLL

    def is_done(self) -> bool:
        """Whether nothing is left to ship."""
        return not self._left()

    def _left(self) -> list[tuple[Path, str]]:
        """What is not shipped yet, predictions first."""
        log = self._home / "log"
        return [(path, kind) for kind in ("", FEEDBACK) for path in segments(log / kind)]

    def _ship(self, path: Path, kind: str, store: Store) -> None:
        data = whole_lines(path)
        if data is None:
            return
        if data:
            held = compressed([data] if kind else packed(data))
            store.put(place(model_of(data), path.name, kind), held)
        path.unlink(missing_ok=True)
        self.shipped.files += bool(data)
        self.shipped.rows += 0 if kind else data.count(b"\n")
        self._note()

    def _fail(self, words: str) -> None:
        self._failures += 1
        shipped = self.shipped
        shipped.failed += 1
        shipped.error, shipped.failed_at = words, time.time()
        self._note()
        if words != self._told:
            self._told = words
            with suppress(OSError):
                print(f"prediction log: cannot ship: {words}", file=sys.stderr, flush=True)

    def _note(self) -> None:
        # It is told besides: a full disk must not end what would make room on it.
        with suppress(OSError):
            write_private(self._home / "shipped.json", orjson.dumps(asdict(self.shipped)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Ship until the server has ended and nothing is left, or the grace is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    home = parser.parse_args(arguments).home
    # Whoever ends the server's whole group means the server: its end is what is waited for.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    ended = threading.Event()
    threading.Thread(target=_watch, args=(ended,), daemon=True).start()
    with (home / "log" / ".shipping").open("a") as lock:
        while not ended.is_set() and not _locked(lock.fileno()):
            ended.wait(POLL)
        work(Shipper(home), ended)
    return 0


def work(shipper: Shipper, ended: threading.Event) -> None:
    """Ship until the end, and what is left then."""
    while not ended.is_set():
        ended.wait(shipper.ship())
    # A server that was killed lets go of its segment only a moment after its pipe.
    for _ in range(2 * GRACE):
        wait = shipper.ship()
        if shipper.is_done():
            return
        time.sleep(min(wait, 0.5))


def whole_lines(path: Path) -> bytes | None:
    """A segment's lines without a torn last one; None when it is still written, or gone."""
    try:
        with path.open("rb", buffering=0) as file:
            if not is_whole(file):
                return None
            data = file.readall()
    except FileNotFoundError:
        return None
    return data[: data.rfind(b"\n") + 1]


def compressed(parts: Iterable[bytes]) -> bytes:
    """The same bytes for the same parts, which are never in memory together."""
    held = BytesIO()
    with gzip.GzipFile(fileobj=held, mode="wb", compresslevel=1, mtime=0) as file:
        for part in parts:
            file.write(part)
    return held.getvalue()


def model_of(data: bytes) -> str:
    """The model of a segment's rows."""
    return str(orjson.loads(data[: data.index(b"\n")])["model"])


def _watch(ended: threading.Event) -> None:
    sys.stdin.buffer.read()
    # A store that hangs would keep the process for as long as its driver is patient.
    signal.alarm(GRACE)
    ended.set()


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _words(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:300]


if __name__ == "__main__":
    sys.exit(main())
