"""What it costs to be told how the program is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.process import Cost, measure, place
from benchmarks.spread import Spread

ARMS = {
    "`python -c pass`": ("-c", "pass"),
    "`python run.py --help`": ("run.py", "--help"),
    "`zenml --help`": ("-c", "from zenml.cli.cli import cli; cli(['--help'])"),
}
TIMES = 5


def run(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Measure each command line, one after another in every round."""
    costs: dict[str, list[Cost]] = {name: [] for name in ARMS}
    with place(folder / "startup") as here:
        for words in ARMS.values():
            measure(here, *words)
        for _ in range(repeats * TIMES):
            for name, words in ARMS.items():
                costs[name].append(measure(here, *words))
    return [row(name, measured) for name, measured in costs.items()]


def row(name: str, costs: list[Cost]) -> dict[str, Any]:
    """One line of the table."""
    return {
        "arm": name,
        "cpu": Spread.of([cost.cpu for cost in costs]),
        "wall": Spread.of([cost.wall for cost in costs]),
    }
