"""Predictions for a whole table: rows a second, and memory as the table grows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.process import Cost, measure, place
from benchmarks.spread import Spread, ratios

KINDS: dict[str, dict[str, Any]] = {
    "linear": {},
    "boosting": {"max_iter": 50, "max_leaf_nodes": 31},
}
TRAINED = 20_000
BLOCK = 500_000
PEER = "benchmarks.peers.sklearn_table"
OURS = "benchmarks.predict_table"
OURS_IS = "ours, in batches from ONNX: Parquet to Parquet"
PEER_IS = "scikit-learn's pipeline.predict on a whole DataFrame: the same"


def run(folder: Path, repeats: int, *, sizes: list[int]) -> list[dict[str, Any]]:
    """Both arms on the smallest table; ours on the larger ones too.

    Args:
        sizes: Rows of each table. The smallest is judged beside scikit-learn.
    """
    rows: list[dict[str, Any]] = []
    with place(folder / "batch") as here:
        for kind in KINDS:
            models = fit(here.home, kind)
            for number, size in enumerate(sorted(sizes)):
                data = table(here.home, size)
                words = {OURS_IS: ("-m", OURS, str(models), str(data))}
                if number == 0:
                    words[PEER_IS] = ("-m", PEER, str(models), str(data))
                costs: dict[str, list[Cost]] = {name: [] for name in words}
                for _ in range(repeats if number == 0 else 1):
                    for name, each in words.items():
                        costs[name].append(measure(here, *each))
                rows += [line(name, kind, size, costs) for name in costs]
                if number:
                    data.unlink()
    return rows


def fit(folder: Path, kind: str) -> Path:
    """One model twice: as a bundle, and as a scikit-learn pipeline that reads a DataFrame."""
    import joblib
    import numpy as np

    from benchmarks.peers.sklearn_table import pipeline
    from benchmarks.windows import SCHEMA, draw
    from serving.bundle import write_bundle
    from steps.training.estimators import fit as fitted
    from steps.training.export import to_onnx

    matrix = draw(TRAINED, 0)
    target = (np.nan_to_num(matrix[:, 0]) + matrix[:, 20] / 3 > np.nan_to_num(matrix[:, 1])) * 1
    native = fitted(kind, KINDS[kind], matrix, target.astype(np.int64), SCHEMA, 0)  # type: ignore[arg-type]
    home = folder / kind
    home.mkdir()
    write_bundle(home / "bundle", to_onnx(native, SCHEMA, kind), SCHEMA, name=kind, version="1")
    joblib.dump(pipeline(native), home / "pipeline.joblib")
    return home


def table(folder: Path, size: int) -> Path:
    """A Parquet file of so many rows with an id, the same ones in each block."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from benchmarks.windows import SCHEMA, draw
    from steps.monitoring.drift import decoded

    path = folder / f"{size}.parquet"
    if path.is_file():
        return path
    block = pa.Table.from_pandas(decoded(draw(BLOCK, 1), SCHEMA), preserve_index=False)
    writer = None
    for first in range(0, size, BLOCK):
        part = block.slice(0, min(BLOCK, size - first))
        part = part.append_column("id", pa.array(np.arange(first, first + len(part))))
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part, row_group_size=100_000)
    if writer is not None:
        writer.close()
    return path


def line(name: str, kind: str, size: int, costs: dict[str, list[Cost]]) -> dict[str, Any]:
    """One line; rows a second are those of a core, without the interpreter's start."""
    said = {each: [json.loads(cost.output) for cost in costs[each]] for each in costs}
    if {each["yes"] for all_ in said.values() for each in all_} != {said[name][0]["yes"]}:
        raise RuntimeError(f"The arms disagree: {said}")
    rates = {each: [size / one["cpu"] for one in said[each]] for each in said}
    peer = rates.get(PEER_IS)
    return {
        "arm": name,
        "kind": kind,
        "rows": size,
        "rate": Spread.of(rates[name]),
        "wall": Spread.of([cost.wall for cost in costs[name]]),
        "memory": Spread.of([one["memory"] for one in said[name]]),
        "ratio": ratios(rates[name], peer) if peer else None,
    }
