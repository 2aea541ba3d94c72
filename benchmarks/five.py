"""The same five stages in each tool, cold and once more, and what a stage more costs in it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.stages import TARGET
from benchmarks.process import Cost, Place, place
from benchmarks.spread import Spread, ratios
from benchmarks.tools import NAIVE, STORE, TOOLS, Tool, flow_of

ROWS, COLUMNS = 20_000, 10
COUNTS = (5, 10, 30)
# Thirty steps of some tools take a minute: they are measured in so many rounds.
CHAINED = 1
COLD = "from nothing"
# What each tool took, round by round: cold, again in its ways, and each number of stages.
Costs = dict[str, dict[str, list[Cost]]]


def run(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Every tool once a round, each round in new stores and in the opposite order."""
    table, costs, problems = write_table(folder), Costs(), dict[str, str]()
    for number in range(repeats):
        for tool in TOOLS[:: -1 if number % 2 else 1]:
            if tool.name not in problems:
                try:
                    with place(folder / f"round{number}" / tool.name.replace(" ", "-")) as here:
                        keep(costs, tool, arms(tool, here, table))
                        if number < CHAINED:
                            keep(costs, tool, chains(tool, here))
                except RuntimeError as error:
                    problems[tool.name] = told(tool, error)
                    costs.pop(tool.name, None)
    same_score(costs)
    return [
        *(line for tool in TOOLS for line in fives(tool, costs, problems)),
        *(chain(tool, costs, problems) for tool in TOOLS),
    ]


def write_table(folder: Path) -> Path:
    """A table that a linear model can learn something from."""
    import pandas as pd

    draw = np.random.default_rng(0)
    values = draw.normal(size=(ROWS, COLUMNS)).round(4)
    late = values @ draw.normal(size=COLUMNS) + 2 * draw.normal(size=ROWS) > 0
    frame = pd.DataFrame(values, columns=[f"c{number}" for number in range(COLUMNS)])
    path = folder / "table.csv"
    frame.assign(**{TARGET: late.astype(int)}).to_csv(path, index=False)
    other(path).write_bytes(path.read_bytes())
    return path


def other(table: Path) -> Path:
    """The same rows by another name, which no cache knows."""
    return table.with_name("other.csv")


def arms(tool: Tool, here: Place, table: Path) -> dict[str, Cost]:
    """What one tool takes: the five stages, and the same once more."""
    found = {COLD: tool.run(here, tool.five, table=str(table))}
    for how, words in tool.again.items():
        found[how] = tool.run(here, words, table=str(table), other=str(other(table)))
    return found


def chains(tool: Tool, here: Place) -> dict[str, Cost]:
    """What one tool takes for each number of stages that do nothing, its store being there."""
    for count in COUNTS:
        flow_of(count, here.home)
    return {str(count): tool.run(here, tool.chain, count=str(count)) for count in COUNTS}


def keep(costs: Costs, tool: Tool, found: Mapping[str, Cost]) -> None:
    """Put one round's beside the others'."""
    for name, cost in found.items():
        costs.setdefault(tool.name, {}).setdefault(name, []).append(cost)


def told(tool: Tool, error: RuntimeError) -> str:
    """Why a tool has no numbers: its own last words to the terminal, one line to the table."""
    print(f"{tool.name}: {error}", file=sys.stderr)
    return "cannot be installed here" if "installed" in str(error) else "failed"


def same_score(costs: Costs) -> None:
    """Refuse tools that did not come to the same score, bit for bit.

    Raises:
        RuntimeError: They did not.
    """
    said = {
        name: {line for cost in found[COLD] for line in cost.output.split() if scored(line)}
        for name, found in costs.items()
    }
    if len({frozenset(scores) for scores in said.values()}) > 1:
        raise RuntimeError(f"The tools disagree: {said}")


def scored(word: str) -> bool:
    """Whether it is a score in full."""
    return word.startswith("0.") and len(word) > len("0.") + 10


def fives(tool: Tool, costs: Costs, problems: Mapping[str, str]) -> list[dict[str, Any]]:
    """A tool's lines: cold, and each way of doing the same once more."""
    if tool.name in problems:
        return [{"table": "five", "arm": tool.name, "problem": problems[tool.name]}]
    return [
        {
            "table": "five",
            "arm": f"{tool.name}, {how}" if tool.again else tool.name,
            "cpu": Spread.of([cost.cpu for cost in costs[tool.name][how]]),
            "wall": Spread.of(walls(costs[tool.name][how])),
            "ratio": of_naive(costs, costs[tool.name][how], how),
        }
        for how in (COLD, *tool.again)
    ]


def of_naive(costs: Costs, own: Sequence[Cost], how: str) -> Spread | None:
    """How many times the wall seconds of the naive pipeline: from nothing, or in an old store too.

    None where that pipeline was not measured.
    """
    naive = costs.get(NAIVE)
    return ratios(walls(own), walls(naive[STORE if how == STORE else COLD])) if naive else None


def walls(costs: Sequence[Cost]) -> list[float]:
    """Seconds until each of them ended."""
    return [cost.wall for cost in costs]


def chain(tool: Tool, costs: Costs, problems: Mapping[str, str]) -> dict[str, Any]:
    """A tool's line of stages that do nothing: what one more costs, and what all begin with."""
    about = {"table": "chain", "arm": tool.name}
    if tool.name in problems:
        return {**about, "problem": problems[tool.name]}
    by_count = [walls(costs[tool.name][str(count)]) for count in COUNTS]
    lines = [np.polyfit(COUNTS, each, 1) for each in zip(*by_count, strict=True)]
    return {
        **about,
        "walls": [Spread.of(each) for each in by_count],
        "slope_ms": Spread.of([1000 * float(slope) for slope, _ in lines]),
        "start": Spread.of([float(start) for _, start in lines]),
    }
