"""How time and memory of each stage grow with the training table."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.process import Cost, measure, place
from benchmarks.scale_stage import STAGES
from benchmarks.spread import Spread

BLOCK = 500_000
ROW_GROUP = 100_000
WORDS = ("-m", "benchmarks.scale_stage")
MEASURED = ("cpu", "wall", "memory", "imported")
# A larger table than this is measured once: its spread would say little for its minutes.
REPEATED = 100_000


def run(folder: Path, repeats: int, *, training: list[int]) -> list[dict[str, Any]]:
    """Each stage in a process of its own, on tables of these sizes.

    Args:
        training: Rows of each table.
    """
    rows: list[dict[str, Any]] = []
    before: dict[str, dict[str, Any]] = {}
    with place(folder / "scale") as here:
        for size in sorted(training):
            home = here.home / str(size)
            home.mkdir()
            write_table(home / "source.parquet", size)
            costs: dict[str, list[Cost]] = {name: [] for name in STAGES}
            for _ in range(repeats if size <= REPEATED else 1):
                for name in STAGES:
                    costs[name].append(measure(here, *WORDS, name, str(home)))
            for name, measured in costs.items():
                before[name] = line(name, size, measured, before.get(name))
                rows.append(before[name])
    return rows


def write_table(path: Path, size: int) -> None:
    """A Parquet file of so many rows of thirty columns and a target, written in blocks."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from benchmarks.windows import SCHEMA, draw
    from steps.monitoring.drift import decoded

    writer = None
    for number, first in enumerate(range(0, size, BLOCK)):
        matrix = draw(min(BLOCK, size - first), number)
        yes = np.nan_to_num(matrix[:, 0]) + matrix[:, 20] / 3 > np.nan_to_num(matrix[:, 1])
        frame = decoded(matrix, SCHEMA)
        frame[SCHEMA.target] = np.where(yes, "yes", "no")
        part = pa.Table.from_pandas(frame, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part, row_group_size=ROW_GROUP)
    if writer is not None:
        writer.close()


def line(
    stage: str, size: int, costs: list[Cost], smaller: dict[str, Any] | None
) -> dict[str, Any]:
    """One line; what grows is told beside the next smaller table."""
    said = [json.loads(cost.output) for cost in costs]
    spreads = {name: Spread.of([one[name] for one in said]) for name in MEASURED}
    row = {"arm": stage, "rows": size, **spreads, "more_rows": None}
    if smaller is not None:
        held, was = spreads["memory"].median, smaller["memory"].median
        row["more_rows"] = size / smaller["rows"]
        row["more_cpu"] = spreads["cpu"].median / smaller["cpu"].median
        row["row_bytes"] = (held - was) * 2**20 / (size - smaller["rows"])
    print(f"{stage}, {size:,} rows: {spreads['wall'].median} s", file=sys.stderr)
    return row
