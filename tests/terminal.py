"""A real terminal: a program with its three streams on a pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

PATIENCE = 600.0


@dataclass
class Terminal:
    """What a program shows, and where one types."""

    program: subprocess.Popen[bytes]
    handle: int
    shown: bytearray = field(default_factory=bytearray)

    @property
    def text(self) -> str:
        """All that was shown, with the codes that colour it."""
        return self.shown.decode(errors="replace")

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self.handle, text.encode())

    def wait_for(self, text: str) -> None:
        """Read on until this is shown."""
        end = time.monotonic() + PATIENCE
        start = len(self.shown)
        while text not in self.shown[start:].decode(errors="replace"):
            assert time.monotonic() < end, f"'{text}' was never shown: {self.text}"
            assert self._read(), f"it ended before it showed '{text}': {self.text}"

    def wait(self) -> int:
        """Read on until the program ends; its status."""
        while self._read():
            pass
        return self.program.wait(PATIENCE)

    def _read(self) -> bool:
        if not select.select([self.handle], [], [], PATIENCE)[0]:
            return False
        try:
            found = os.read(self.handle, 65536)
        except OSError:
            # So Linux tells that nobody holds the other side any more.
            return False
        self.shown += found
        return bool(found)


@contextmanager
def terminal(
    words: Sequence[str], environment: Mapping[str, str], columns: int = 100
) -> Iterator[Terminal]:
    """A program in a terminal of its own, ended with the body."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    program = subprocess.Popen(
        words, stdin=its, stdout=its, stderr=its, env=environment, start_new_session=True
    )
    os.close(its)
    try:
        yield Terminal(program, ours)
    finally:
        program.kill()
        program.wait()
        os.close(ours)
