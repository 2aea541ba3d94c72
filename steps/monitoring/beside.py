"""Evidently's page drawn in a process of its own: `python -m steps.monitoring.beside`.

It is started while a window is still being counted, imports Evidently and samples the training rows
on another core meanwhile, and is handed the window's rows in the end. It asks for nothing, decides
nothing, and ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import RunError
from serving.schema import TableSchema
from steps.monitoring.lazily import stand_in

ROOT = Path(__file__).resolve().parents[2]
# Seconds after which a process that has not drawn is taken for stuck.
PATIENCE = 120.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
Rows = NDArray[np.float32]


class Beside:
    """The process, by whoever started it.

    Args:
        file: The training rows, a stored table of this machine.
        schema: The columns that are compared.
        rows: At most so many training rows are drawn, by the seed.
    """

    def __init__(self, file: str, schema: TableSchema, rows: int, seed: int) -> None:
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        self.child = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )
        held = schema.to_json().decode()
        self._say({"file": file, "schema": held, "rows": rows, "seed": seed})

    def draw(self, rows: Rows) -> str:
        """The page on encoded rows [rows, columns] of the window.

        Raises:
            RunError: The process died, or was stuck.
        """
        timer = Timer(PATIENCE, self.child.kill)
        timer.start()
        try:
            self._say({"shape": rows.shape}, np.ascontiguousarray(rows, dtype="<f4").tobytes())
            told = json.loads(_pipe(self.child.stdout).readline() or b"{}")
            page = _pipe(self.child.stdout).read(told.get("bytes", 0))
        finally:
            timer.cancel()
        if not page or len(page) < told["bytes"]:
            raise RunError(told.get("error") or "the process that drew it ended")
        return page.decode()

    def close(self) -> None:
        """End the process; one that is still at work is killed."""
        self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            with suppress(OSError):  # What it no longer reads cannot be written.
                _pipe(pipe).close()

    def _say(self, words: dict[str, Any], data: bytes = b"") -> None:
        with suppress(BrokenPipeError):  # It died, as its answer will show.
            _pipe(self.child.stdin).write(json.dumps(words).encode() + b"\n" + data)
            _pipe(self.child.stdin).flush()


def main(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Draw one page."""
    words = json.loads(asked.readline() or b"null")
    if words is None:
        return
    try:
        page = _drawn(words, asked)
    except Exception as error:  # Whoever asked tells it.
        told = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(told).encode() + b"\n")
    else:
        answers.write(json.dumps({"bytes": len(page)}).encode() + b"\n" + page)
    answers.flush()
    asked.read()


def _drawn(words: dict[str, Any], asked: IO[bytes]) -> bytes:
    from steps.data.stored import StoredTable
    from steps.monitoring.drift import compare_encoded, encoded_sample, import_evidently

    schema = TableSchema.from_json(words["schema"])
    stand_in("sklearn")  # Evidently compares texts by it, and there is none here.
    import_evidently()
    table = StoredTable.of(words["file"])
    trained = encoded_sample(table, schema, rows=words["rows"], seed=words["seed"])
    line = asked.readline()
    if not line:
        raise EOFError("no rows came")
    shape = json.loads(line)["shape"]
    rows = np.frombuffer(asked.read(4 * shape[0] * shape[1]), dtype="<f4").reshape(shape)
    return compare_encoded(trained, rows, schema).encode()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("The process has no pipe.")
    return stream


if __name__ == "__main__":
    # What a package prints is no part of the answer.
    answers_, sys.stdout = sys.stdout.buffer, sys.stderr
    main(sys.stdin.buffer, answers_)
