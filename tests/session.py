"""Many command lines of the program in one process, which imports ZenML once.

Each is carried out by the program's own `main`, its streams being files or a real terminal.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.workplace import ROOT, Finished, Workplace


class Session:
    """The process, from outside."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self.child = child

    def run(self, *words: str, terminal: bool = False, **environment: str) -> Finished:
        """Carry out `python run.py` with these words.

        Args:
            terminal: Let both streams be a terminal; all is then in the output.
            environment: What is set meanwhile.
        """
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        asked = {"words": words, "terminal": terminal, "environment": environment}
        self.child.stdin.write(json.dumps(asked) + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline()
        assert answer, f"{' '.join(words)} ended the session: {self.child.poll()}"
        return Finished(**json.loads(answer))


@contextmanager
def session_in(place: Workplace, folder: Path) -> Iterator[Session]:
    """A session that stands in this folder; it ends with the body."""
    environment = {**place.environment, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.session"],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Session(child)
    finally:
        # It ends with what it is asked.
        child.communicate(timeout=60)


@contextmanager
def _files() -> Iterator[tuple[int, int, list[IO[str]]]]:
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        yield output.fileno(), errors.fileno(), [output, errors]


@contextmanager
def _screen(shown: bytearray) -> Iterator[int]:
    ours, its = pty.openpty()

    def read() -> None:
        with contextlib.suppress(OSError):
            while found := os.read(ours, 65536):
                shown.extend(found)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield its
    finally:
        # Linux tells the reader that nobody holds the other side any more.
        os.close(its)
        reader.join()
        os.close(ours)


@contextmanager
def _streams(output: int, errors: int) -> Iterator[None]:
    kept = os.dup(1), os.dup(2)
    try:
        os.dup2(output, 1)
        os.dup2(errors, 2)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, handle in enumerate(kept, start=1):
            os.dup2(handle, number)
            os.close(handle)


@contextmanager
def _set(environment: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _main(words: list[str]) -> int:
    import run

    try:
        return run.main(words)
    except SystemExit as ended:
        return int(ended.code or 0)


def _carry_out(asked: dict[str, Any]) -> dict[str, Any]:
    with _set(asked["environment"]):
        if asked["terminal"]:
            shown = bytearray()
            with _screen(shown) as screen, _streams(screen, screen):
                status = _main(asked["words"])
            return {"status": status, "output": shown.decode(), "errors": ""}
        with _files() as (output, errors, files):
            with _streams(output, errors):
                status = _main(asked["words"])
            for each in files:
                each.seek(0)
            return {"status": status, "output": files[0].read(), "errors": files[1].read()}


def serve() -> None:
    """Carry out what comes, one line each."""
    with os.fdopen(os.dup(1), "w") as answers:
        for line in sys.stdin:
            print(json.dumps(_carry_out(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    serve()
