"""One stage of a training on the table of a folder: `python -m ... STAGE FOLDER`.

It reads what the stages before it have left and leaves what the steps leave as artifacts, and says
what that took without the interpreter's start and the imports.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.process import peak_memory

# Rows of a window that are in memory at once.
PART = 65_536


def load(folder: Path, work: Any, config: Any) -> None:
    """Read the source and leave the table."""
    keep(work.load(config.data), folder / "table.parquet")


def validate(folder: Path, work: Any, config: Any) -> None:
    """Check the table."""
    write(folder / "checks", work.check(read(folder / "table.parquet"), config))


def split(folder: Path, work: Any, config: Any) -> None:
    """Hold rows out, and learn the schema."""
    rows = work.split(read(folder / "table.parquet"), unpack(folder / "checks"), config)
    keep(rows.train, folder / "train.parquet")
    keep(rows.test, folder / "test.parquet")
    write(folder / "schema", rows.schema)


def fit(folder: Path, work: Any, config: Any) -> None:
    """Tune, fit and convert one candidate."""
    train, schema = read(folder / "train.parquet"), unpack(folder / "schema")
    write(folder / "candidate", work.fit(train, schema, config.candidates[0], config))


def evaluate(folder: Path, work: Any, config: Any) -> None:
    """Measure it on the held-out rows."""
    found = work.judge([unpack(folder / "candidate")], read(folder / "test.parquet"), config)
    write(folder / "evaluations", found)


def compare(folder: Path, work: Any, config: Any) -> None:
    """Hold it against the trivial baseline, and draw how it answers."""
    from steps.evaluation.comparison import compare_candidate
    from steps.evaluation.description import try_to_describe
    from steps.registry.version import Champion

    del work
    candidate, nobody = unpack(folder / "candidate"), Champion(model=config.model)
    sides = read(folder / "train.parquet"), read(folder / "test.parquet")
    compared = compare_candidate(candidate, nobody, None, *sides, config.gate, config.split)
    described, undrawn = try_to_describe(candidate, compared, config.gate.metric, *sides)
    if described is None:
        raise ValueError(undrawn)


def report(folder: Path, work: Any, config: Any) -> None:
    """Hold the held-out rows against the training rows, and draw the pages of that."""
    from steps.data.report import render
    from steps.monitoring.drift import compare_rows

    del work
    schema, checks = unpack(folder / "schema"), unpack(folder / "checks")
    sides = read(folder / "train.parquet"), read(folder / "test.parquet")
    drift, _ = compare_rows(*sides, schema, rows=config.report.rows, seed=config.seed)
    render(*sides, schema, checks, config.split, drift)


def profile(folder: Path, work: Any, config: Any) -> None:
    """Count the training rows into the bins that later windows are held against."""
    del work, config
    from steps.monitoring.profile import profile_of

    candidate = unpack(folder / "candidate")
    found = profile_of(read(folder / "train.parquet"), candidate.oof, candidate.schema)
    write(folder / "profile", found)


def monitor(folder: Path, work: Any, config: Any) -> None:
    """Hold as many rows as were held out against the profile, a part at a time as from a log."""
    del work, config
    import pyarrow.parquet as pq

    from steps.data.encoding import encode_frame
    from steps.monitoring.profile import count
    from steps.monitoring.shift import Limits, shifts

    schema, columns = unpack(folder / "schema"), unpack(folder / "profile").columns
    parts = pq.ParquetFile(folder / "test.parquet", pre_buffer=False).iter_batches(PART)
    counts = [count(columns, encode_frame(part.to_pandas(), schema)) for part in parts]
    shifts(columns, [sum(each) for each in zip(*counts, strict=True)], Limits())


STAGES: dict[str, Callable[[Path, Any, Any], None]] = {
    "load": load,
    "validate": validate,
    "split": split,
    "fit": fit,
    "evaluate": evaluate,
    "compare": compare,
    "report": report,
    "profile": profile,
    "monitor": monitor,
}


def keep(table: Any, path: Path) -> None:
    """Leave a table as its materializer does: as Parquet, and with its digest."""
    from steps.data.hashing import table_digest
    from steps.data.stored import save_table

    with path.open("wb") as stream:
        save_table(table, stream)
    table_digest(table)


def read(path: Path) -> Any:
    """A table that a stage left, as steps are given it."""
    from steps.data.stored import StoredTable

    return StoredTable.of(str(path))


def write(path: Path, value: Any) -> None:
    """Leave anything else."""
    path.write_bytes(pickle.dumps(value))


def unpack(path: Path) -> Any:
    """What a stage left."""
    return pickle.loads(path.read_bytes())


def main(stage: str, folder: Path) -> None:
    """Do one stage, and say what it took."""
    from benchmarks.peers import work
    from pipelines.settings import build_config

    content = {
        "model": "scale",
        "data": {"data": str(folder / "source.parquet"), "target": "y"},
        "tuning": {"folds": 2, "trials": 1},
        "candidates": [{"name": "boosting", "kind": "boosting", "parameters": {"max_iter": 30}}],
    }
    config, imported = build_config(content, {}), peak_memory()
    cpu, wall = time.process_time(), time.perf_counter()
    STAGES[stage](folder, work, config)
    took = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps({**took, "memory": peak_memory(), "imported": imported}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
