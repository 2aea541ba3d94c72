"""One line a step while a pipeline runs, read from what ZenML logs."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.markup import escape

from commands.bars import Bars

STARTED = re.compile(r"Step `(?P<step>[^`]+)` has started")
FINISHED = re.compile(r"Step `(?P<step>[^`]+)` has finished in ")
CACHED = re.compile(r"Using cached version of step `(?P<step>[^`]+)`")
KEPT = re.compile(r"Skipping step `(?P<step>[^`]+)`")
# How far a step has come.
PROGRESS = re.compile(
    r"Progress of `(?P<step>[^`]+)`: (?P<said>(?P<done>[\d,]+)(?: of (?P<total>[\d,]+))? \w+)"
)
# What a step says of its own way, such as a canary that waits for requests.
WAITING = re.compile(r"^(canary|shadow) of version ")
# Where nothing can be written over: seconds to the second line, then twice as long each time.
PLAIN_SECONDS = 10.0
LOGGERS = ("zenml", "serving", "stacks", "steps")
# Where a run of a cluster is; what is said of its steps is told as of this machine's.
ELSEWHERE = re.compile(r"^(Airflow|Kubeflow): ")
AGAIN = re.compile(
    r"Step `(?P<step>[^`]+)` is tried again: (?P<number>\d+) of (?P<tries>\d+) in (?P<rest>.+)",
    re.DOTALL,
)
FAILED = re.compile(r"Failed to run step `(?P<step>[^`]+)`(: |\.$)")
STYLES = {"done": "green", "cached": "cyan", "kept": "cyan", "failed": "red"}


class StepLines(logging.Handler):
    """Prints a line for every step that ends, and on a terminal shows those that run.

    Args:
        bars: What is shown there; None where nothing can be written over.
        steps: How many steps the pipeline has, once that is known.
    """

    def __init__(
        self, console: Console, bars: Bars | None = None, steps: Callable[[], int] = int
    ) -> None:
        super().__init__(level=logging.INFO)
        self.console, self.bars, self.steps = console, bars, steps
        self.since: dict[str, float] = {}
        self.due, self.pause = 0.0, PLAIN_SECONDS

    def emit(self, record: logging.LogRecord) -> None:
        """Turn one of ZenML's messages into a line, and one of a server's start as it is."""
        message = record.getMessage()
        if record.name.startswith("serving.") or ELSEWHERE.match(message):
            self.console.print(f"  {message}", highlight=False, markup=False, soft_wrap=True)
        elif match := PROGRESS.search(message):
            self.advance(match)
        elif match := STARTED.search(message):
            self.begin(match["step"])
        elif match := FINISHED.search(message):
            self.end(match["step"], "done")
        elif match := CACHED.search(message):
            self.end(match["step"], "cached")
        elif match := KEPT.search(message):
            self.end(match["step"], "kept")
        elif match := FAILED.search(message):
            self.end(match["step"], "failed")
        elif match := AGAIN.search(message):
            self.again(match)
        elif WAITING.match(message):
            self.wait(message)

    def begin(self, step: str) -> None:
        """Show that a step runs."""
        self.since[step] = time.monotonic()
        if self.bars:
            self.bars.begin(step)

    def wait(self, message: str) -> None:
        """Show how far the running step has come."""
        if self.bars:
            self.bars.say(None, message)
        elif time.monotonic() >= self.due:
            self.remark(message)

    def advance(self, told: re.Match[str]) -> None:
        """Show how much of its work a step has done: a pipe is told after a while."""
        step, said, done, total = told["step"], told["said"], told["done"], told["total"]
        if self.bars:
            self.bars.advance(step, number(done), number(total) if total else None, said)
        elif time.monotonic() >= max(self.due, self.since.get(step, 0.0) + PLAIN_SECONDS):
            self.remark(f"{step}: {said}")

    def remark(self, message: str) -> None:
        """Print a line below the running step, and the next one later."""
        self.due, self.pause = time.monotonic() + self.pause, 2 * self.pause
        self.console.print(f"    {message}", highlight=False, markup=False, soft_wrap=True)

    def again(self, told: re.Match[str]) -> None:
        """Say that a step that failed is tried again, when and why."""
        count = f"[yellow]retry[/yellow]  {told['number']} of {told['tries']}"
        rest = escape(" ".join(told["rest"].split()))
        line = f"  {told['step']:<24} {count} in {rest}"
        self.console.print(line, highlight=False, soft_wrap=True)

    def end(self, step: str, outcome: str) -> None:
        """Print how a step ended."""
        if self.bars:
            self.bars.end(step, self.steps() or None)
        now = time.monotonic()
        seconds = now - self.since.pop(step, now)
        took = "        " if outcome in ("cached", "kept") else f"{seconds:6.1f} s"
        style = STYLES[outcome]
        self.console.print(f"  {step:<24} [{style}]{outcome:<6}[/{style}] {took}", highlight=False)


def number(text: str) -> int:
    """A number with commas between its thousands."""
    return int(text.replace(",", ""))


@contextmanager
def step_lines(
    console: Console, title: str, *, quiet: bool, steps: Callable[[], int] = int
) -> Iterator[None]:
    """Print a heading and then a line a step while the body runs a pipeline.

    Args:
        steps: How many steps it has; 0 until that is known.
    """
    if quiet:
        yield
        return
    console.print(f"[bold]{title}[/bold]", highlight=False)
    bars = Bars(console, title) if console.is_interactive else None
    handler, loggers = StepLines(console, bars, steps), [logging.getLogger(n) for n in LOGGERS]
    for logger in loggers[1:]:
        logger.setLevel(logging.INFO)
    for logger in loggers:
        logger.addHandler(handler)
    try:
        with bars.progress if bars else nullcontext():
            yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
