"""Our network candidate against the same training written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.process import Cost, measure, place
from benchmarks.spread import Spread, ratios

ROWS, EPOCHS = 100_000, 10
PROGRAM = ("-m", "benchmarks.peers.torch_loop")
OURS, HAND, LOADER = (
    "ours, `network`: same bits on every run",
    "a loop by hand over tensors",
    "a loop by hand over a DataLoader",
)
ARMS = {OURS: "ours", HAND: "hand", LOADER: "loader"}


def run(folder: Path, repeats: int, *, device: str) -> list[dict[str, Any]]:
    """Every arm once a round, in the opposite order each time.

    Args:
        device: Where all of them train: cpu or cuda.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in ARMS}
    with place(folder / "torch") as here:
        data = here.home / "data.npz"
        write_data(data)
        for number in range(repeats):
            for name in list(ARMS)[:: -1 if number % 2 else 1]:
                words = (*PROGRAM, ARMS[name], str(data), str(EPOCHS), device)
                costs[name].append(measure(here, *words))
    said = {name: [json.loads(cost.output) for cost in each] for name, each in costs.items()}
    return [line(name, said) for name in ARMS]


def write_data(path: Path) -> None:
    """Encoded rows of thirty columns with a target."""
    import numpy as np

    from benchmarks.windows import draw

    rows = draw(ROWS, 0)
    target = np.nan_to_num(rows[:, 0]) + rows[:, 20] / 3 > np.nan_to_num(rows[:, 1])
    np.savez(path, rows=rows, target=target.astype(np.int64))


def line(name: str, said: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """One line of the table."""
    walls = {each: [one["wall"] for one in all_] for each, all_ in said.items()}
    return {
        "arm": name,
        "device": said[name][0]["device"],
        "rows_s": Spread.of([ROWS * EPOCHS / wall for wall in walls[name]]),
        "cpu": Spread.of([one["cpu"] for one in said[name]]),
        "wall": Spread.of(walls[name]),
        "loss": Spread.of([one["loss"] for one in said[name]]),
        "ratio": ratios(walls[name], walls[HAND]),
    }
