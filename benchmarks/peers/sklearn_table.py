"""A table predicted as a notebook does it: read whole, one predict, written whole."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.process import peak_memory
from benchmarks.windows import CATEGORIES, MISSING_CODE, NAMES, NUMBERS, SCHEMA


def pipeline(native: Any) -> Any:
    """A fitted estimator of the encoded matrix as a pipeline that reads the table's columns."""
    import numpy as np
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    codes = OrdinalEncoder(
        categories=[[*NAMES, np.nan]] * len(CATEGORIES),
        handle_unknown="use_encoded_value",
        unknown_value=MISSING_CODE - 1,
        encoded_missing_value=MISSING_CODE,
        dtype=np.float32,
    )
    encode = ColumnTransformer(
        [("numbers", "passthrough", list(NUMBERS)), ("categories", codes, list(CATEGORIES))]
    )
    rows = [[0.0] * len(NUMBERS) + [name] * len(CATEGORIES) for name in (*NAMES, np.nan)]
    encode.fit(pd.DataFrame(rows, columns=list(SCHEMA.names)))
    return make_pipeline(encode, native)


def main(models: Path, data: Path) -> None:
    """Predict every row into a file, and say what it took."""
    import joblib
    import numpy as np
    import pandas as pd

    out = data.with_name("peer.parquet")
    began = time.process_time()
    frame = pd.read_parquet(data)
    model = joblib.load(models / "pipeline.joblib")
    labels = np.asarray(SCHEMA.classes)[model.predict(frame)]
    pd.DataFrame({"id": frame["id"], "prediction": labels}).to_parquet(out)
    spent = time.process_time() - began
    yes = int((labels == "yes").sum())
    print(json.dumps({"cpu": spent, "memory": peak_memory(), "yes": yes}))
    out.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
