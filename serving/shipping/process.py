"""The shipping process, as its server sees it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import orjson

from serving.launch import environment
from serving.shipping.settings import FILE, read_settings
from serving.shipping.worker import Shipped

PAUSE = 10.0


class Shipping:
    """Keeps a process that ships a home's segments, for as long as its settings name a store.

    Args:
        python: The Python that has the drivers of stores.
    """

    def __init__(self, home: Path, python: str = sys.executable) -> None:
        self._home = home
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = 0
        self._next = 0.0

    def tend(self) -> None:
        """Start the process when a store is named and none runs; one that died waits a little."""
        if self._process is not None and self._process.poll() is None:
            return
        changed = _changed(self._home / FILE)
        if changed == self._settings and (self._process is None or time.monotonic() < self._next):
            return
        self._settings, self._next = changed, time.monotonic() + PAUSE
        if read_settings(self._home).uri:
            self._process = start(self._home, self._python)

    def shipped(self) -> Shipped:
        """What the process has told of its work."""
        if self._process is None:
            return Shipped()
        try:
            return Shipped(**orjson.loads((self._home / "shipped.json").read_bytes()))
        except (OSError, orjson.JSONDecodeError, TypeError):
            return Shipped()

    def close(self) -> None:
        """Let the process ship what is left; what takes longer it goes on with alone."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            self._process.wait(read_settings(self._home).patience)
        except subprocess.TimeoutExpired:
            print("prediction log: the last segments wait for the next start", file=sys.stderr)


def start(home: Path, python: str = sys.executable) -> subprocess.Popen[bytes]:
    """Start the process, which ends after its standard input has."""
    command = [python, "-P", "-m", "serving.shipping.worker", "--home", str(home)]
    return subprocess.Popen(
        command, cwd=home, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
