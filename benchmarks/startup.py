"""What it costs to be told how the program is used, and where the seconds of a run go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks import clock
from benchmarks.job import OURS
from benchmarks.process import Cost, Place, measure, place
from benchmarks.spread import Spread

ARMS = {
    "`python -c pass`": ("-c", "pass"),
    "`python run.py --help`": ("run.py", "--help"),
    "`zenml --help`": ("-c", "from zenml.cli.cli import cli; cli(['--help'])"),
}
TIMES = 5
COLD, FORCED = "from nothing", "`--force`"
PYTHON = "Python's own start and end"
# What takes less than this in every run is shown together.
LEAST = 0.1
Parts = dict[str, float]


def run(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Each command line, one after another in every round; then the budget of the main job."""
    costs: dict[str, list[Cost]] = {name: [] for name in ARMS}
    with place(folder / "startup") as here:
        for words in ARMS.values():
            measure(here, *words)
        for _ in range(repeats * TIMES):
            for name, words in ARMS.items():
                costs[name].append(measure(here, *words))
    lines = [row(name, measured) for name, measured in costs.items()]
    return [*lines, *budget([timed(folder / f"budget{number}") for number in range(repeats)])]


def row(name: str, costs: list[Cost]) -> dict[str, Any]:
    """One line of the table."""
    return {
        "table": "start",
        "arm": name,
        "cpu": Spread.of([cost.cpu for cost in costs]),
        "wall": Spread.of([cost.wall for cost in costs]),
    }


def timed(folder: Path) -> dict[str, Parts]:
    """What the seconds of a run from nothing went for, and those of one from ZenML's cache."""
    with place(folder) as here:
        cold = parts(here)
        # The first champion changes what a training is compared with.
        measure(here, *OURS, "--force")
        return {COLD: cold, FORCED: parts(here, "--force")}


def parts(here: Place, *words: str) -> Parts:
    """The parts of one run, which add up to its wall seconds."""
    cost = measure(here, "-m", "benchmarks.clock", *OURS, *words)
    spent: Parts = json.loads((here.home / clock.FILE).read_text())
    return {**spent, PYTHON: cost.wall - sum(spent.values())}


def budget(rounds: list[dict[str, Parts]]) -> list[dict[str, Any]]:
    """A line a part, the longest first; what is short everywhere in one line."""
    every = {part for each in rounds for parts in each.values() for part in parts}

    def longest(part: str) -> float:
        return max(spread(rounds, how, [part]).median for how in (COLD, FORCED))

    shown = sorted((part for part in every if longest(part) >= LEAST), key=longest, reverse=True)
    rest = sorted(every - set(shown))
    named = {**{part: [part] for part in shown}, f"{len(rest)} shorter ones": rest, "all": [*every]}
    return [
        {
            "table": "budget",
            "arm": name,
            "cold": spread(rounds, COLD, which),
            "forced": spread(rounds, FORCED, which),
        }
        for name, which in named.items()
    ]


def spread(rounds: list[dict[str, Parts]], how: str, which: list[str]) -> Spread:
    """What some parts came to together, round by round."""
    return Spread.of([sum(each[how].get(part, 0.0) for part in which) for each in rounds])
