"""Runs a Python program and writes down what each of its seconds went for: `clock PROGRAM WORDS`.

At every moment one thing is charged: the innermost import, ZenML call or step that the main thread
is in. So the parts add up to the whole, and none is counted twice.
"""

from __future__ import annotations

import functools
import importlib
import json
import runpy
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FILE = "clock.json"
OWN = ("benchmarks", "commands", "pipelines", "run", "serving", "stacks", "steps")
REST = "our own commands"
RECORDS = "what ZenML does around each step"
STORE = "ZenML's store: created, opened"
# Whose calls are charged to what, by the module that holds them.
CALLS = {
    "stacks.blank_store": {"provide_store": STORE},
    "importlib.metadata": {"packages_distributions": "which package each module is of"},
    "zenml.zen_stores.sql_zen_store": {"SqlZenStore._initialize": STORE},
    "zenml.pipelines.pipeline_definition": {"Pipeline._compile": "pipelines compiled"},
    "zenml.orchestrators.step_launcher": {"StepLauncher.launch": RECORDS},
    "zenml.steps.base_step": {"BaseStep.call_entrypoint": "step {name}"},
    "subprocess": {"run": "other programs: git, uv", "check_output": "other programs: git, uv"},
    "stacks.apply": {"apply": "the stack: planned, registered"},
    "commands.interrupted": {"close_dead": "runs that died: looked for"},
    "commands.summary": {"summarise": "the answer: read back from the store"},
}


class Clock:
    """Charges the main thread's time to whatever is on top."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.stack, self.since = [REST], time.perf_counter()
        self.main = threading.get_ident()

    @contextmanager
    def charging(self, what: str) -> Iterator[None]:
        """Charge the body's time to it."""
        if threading.get_ident() != self.main:
            yield
            return
        self._settle()
        self.stack.append(what)
        try:
            yield
        finally:
            self._settle()
            self.stack.pop()

    def _settle(self) -> None:
        now = time.perf_counter()
        self.spent[self.stack[-1]] += now - self.since
        self.since = now

    def close(self) -> dict[str, float]:
        """What each thing has cost so far."""
        self._settle()
        return dict(self.spent)


def watch(clock: Clock) -> None:
    """Charge each import to its package, and each of `CALLS` once its module is there."""
    bootstrap: Any = importlib._bootstrap
    load = bootstrap._find_and_load

    def timed(name: str, import_: Any) -> Any:
        package = name.split(".")[0]
        with clock.charging("import of this project" if package in OWN else f"import {package}"):
            module = load(name, import_)
        tap(clock, name, module)
        return module

    bootstrap._find_and_load = timed
    for name in CALLS:
        if name in sys.modules:
            tap(clock, name, sys.modules[name])


def tap(clock: Clock, name: str, module: Any) -> None:
    """Charge the calls of a module that has just been loaded."""
    for path, what in CALLS.get(name, {}).items():
        *owners, function = path.split(".")
        owner = functools.reduce(getattr, owners, module)
        setattr(owner, function, charged(clock, getattr(owner, function), what))


def charged(clock: Clock, call: Callable[..., Any], what: str) -> Callable[..., Any]:
    """The same function, its time charged."""

    @functools.wraps(call)
    def timed(*arguments: Any, **named: Any) -> Any:
        with clock.charging(what.format(name=step_name(arguments))):
            return call(*arguments, **named)

    return timed


def step_name(arguments: tuple[Any, ...]) -> str:
    """What a step calls itself; empty for anything else."""
    return str(getattr(arguments[0], "name", "")) if arguments else ""


def main(program: str, words: list[str]) -> None:
    """Run the program to its end, whatever that is."""
    clock = Clock()
    watch(clock)
    sys.argv = [program, *words]
    try:
        runpy.run_path(program, run_name="__main__")
    finally:
        (Path.home() / FILE).write_text(json.dumps(clock.close()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
