"""What is seen of a pipeline while it runs."""

import io
import logging
import re
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace

import pytest
from rich.console import Console

from commands import progress
from commands.bars import Bars
from commands.progress import step_lines
from commands.result import next_step

CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
RAN = ["Step `load` has started.", "Step `load` has finished in `1s`.", "Step `fit` has started."]


def said(*messages: str, terminal: bool, steps: Callable[[], int] = int) -> str:
    """What is shown while ZenML logs these messages."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=100)
    with step_lines(console, "training", quiet=False, steps=steps):
        for message in messages:
            logging.getLogger("steps.progress").info(message)
    return stream.getvalue()


def drawn(bars: Bars) -> str:
    """What stands below the lines now."""
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(bars.progress.get_renderable())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_pipe_sees_a_line_a_step_and_no_code() -> None:
    """No bar, no colour, nothing that writes over a line."""
    text = said(*RAN, "Progress of `fit`: 3 of 8 trials", terminal=False)
    assert [line.split()[:2] for line in text.splitlines()] == [["training"], ["load", "done"]]
    assert "\x1b" not in text


def test_a_pipe_is_told_how_far_a_long_step_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten seconds, then ever more rarely."""
    clock = iter([0.0, *range(5, 5000, 5)])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    counts = [f"Progress of `fit`: {done:,} of 2,000 trials" for done in range(1, 100)]
    text = said("Step `fit` has started.", *counts, terminal=False)
    shown = [int(line.split()[1]) for line in text.splitlines()[1:]]
    assert 3 <= len(shown) <= 7
    waits = [later - earlier for earlier, later in pairwise(shown)]
    assert waits == sorted(waits)


def test_a_terminal_is_left_with_the_lines_alone() -> None:
    """The bars are wiped away at the end."""
    text = said(*RAN, "Step `fit` has finished in `2s`.", terminal=True, steps=lambda: 2)
    assert "\x1b" in text
    left = [line for line in CODES.sub("", text.split("\r")[-1]).splitlines() if line.strip()]
    assert "━" not in "".join(left)
    assert "load" in CODES.sub("", text)


def test_a_bar_shows_what_is_done_of_what_is_known() -> None:
    """Trials and rows have one, and the pipeline too; what has no end has none."""
    bars = Bars(Console(file=io.StringIO()), "training")
    bars.begin("load")
    assert "━" not in drawn(bars)
    bars.end("load", 4)
    bars.advance("fit", 3, 8, "3 of 8 trials")
    bars.advance("predict", 300_000, None, "300,000 rows")
    whole, fit, predict = drawn(bars).splitlines()
    assert ("1 of 4 steps" in whole, "━" in whole) == (True, True)
    assert ("3 of 8 trials" in fit, "━" in fit) == (True, True)
    assert ("300,000 rows" in predict, "━" in predict) == (True, False)


def test_steps_side_by_side_have_a_line_each() -> None:
    """Until each of them ends."""
    bars = Bars(Console(file=io.StringIO()), "training")
    for step in ("train_forest", "train_linear"):
        bars.begin(step)
    assert {"train_forest", "train_linear"} <= set(drawn(bars).split())
    bars.end("train_forest", None)
    assert "train_forest" not in drawn(bars)


def test_the_last_lines_say_what_to_do_next() -> None:
    """By what the run came to."""
    answer = {"more": {"history": "python run.py history"}, "champion": "1", "endpoint": None}
    assert next_step(answer).startswith("python run.py predict")
    assert "run.py monitor" in next_step({**answer, "endpoint": {}})
    assert "No model has passed yet" in next_step({**answer, "champion": ""})
