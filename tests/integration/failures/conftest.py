"""The program in forks of one process, for tests that begin and kill it many times."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.workplace import ROOT, Finished, Workplace

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
FORKS = Path(__file__).with_name("forks.py")


class Program:
    """`run.py` in one place, begun in forks.

    Args:
        told: Where what it prints is kept; in the place, where nothing is said.
    """

    def __init__(self, place: Workplace, told: Path | None = None) -> None:
        self.place, self._told = place, told or place.home
        self.process = subprocess.Popen(
            [sys.executable, str(FORKS)],
            cwd=ROOT,
            # ZenML reads the root of its sources when it is imported.
            env={**place.environment, "ZENML_CUSTOM_SOURCE_ROOT": str(ROOT), **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, *words: str, kill: str = "", at: str = "", do: str = "", **environment: str
    ) -> Finished:
        """Run a command line, which may be killed on its way.

        Args:
            do: A command of the shell that runs on its way, at a place that `at` names as `kill`
                does; the program then goes on.
        """
        return self._order(words=words, kill=kill, at=at, do=do, environment=environment)

    def books(self, model: str) -> Any:
        """What is written of a model."""
        reader = "tests.integration.failures.books:books"
        return self._order(words=[model], call=reader, environment={}).document

    def close(self) -> None:
        """End the process; what it had begun has ended."""
        self.process.communicate(timeout=60)

    def _order(self, **order: Any) -> Finished:
        assert self.process.stdin
        assert self.process.stdout
        output, errors = self._told / "output", self._told / "errors"
        nothing = {"kill": "", "at": "", "do": "", "call": ""}
        told = {**nothing, **order, "output": str(output), "errors": str(errors)}
        self.process.stdin.write(f"{json.dumps(told)}\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        return Finished(status, output.read_text(), errors.read_text())


@contextmanager
def program_in(
    place: Workplace,
    stack: str = "local",
    environment: Mapping[str, str] | None = None,
    told: Path | None = None,
) -> Iterator[Program]:
    """The program in a place, with a stack active."""
    started = Program(place, told)
    done = started.run("stack", "set", stack, **(environment or {}))
    assert done.status == 0, done.errors
    yield started
    started.close()


@pytest.fixture(scope="module")
def program(shared_workplace: Workplace) -> Iterator[Program]:
    """The program in the module's place."""
    shared_workplace.home.mkdir(exist_ok=True)
    with program_in(shared_workplace) as started:
        yield started
