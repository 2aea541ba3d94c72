"""What `run.py predict` does with a table, without ZenML: `python -m ... MODELS TABLE`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.process import peak_memory
from serving.model import Model
from steps.inference.predict import predict_table
from steps.inference.settings import PredictionSettings


def main(models: Path, data: Path) -> None:
    """Predict every row into a file, and say what it took."""
    out = data.with_name("ours.parquet")
    began = time.process_time()
    model = Model.load(models / "bundle")
    done = predict_table(model, PredictionSettings(data=str(data), out=str(out)))
    spent = time.process_time() - began
    told = {"rows": done.rows, "cpu": spent, "memory": peak_memory(), "yes": positive(out)}
    print(json.dumps(told))
    out.unlink()


def positive(path: Path) -> int:
    """How many rows got the label yes, by which the arms are held against each other."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    batches = pq.ParquetFile(path).iter_batches(columns=["prediction"])
    return sum(pc.sum(pc.equal(each["prediction"], "yes")).as_py() or 0 for each in batches)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
