"""Small tables with a signal, gaps and categories, one for each task."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from serving.schema import Column, TableSchema, Task

COLUMNS = (
    Column("size", "numeric", "float64", 0.1, -5, 5),
    Column("count", "numeric", "int64", 0.0, 0, 9),
    Column("colour", "categorical", "str", 0.1, categories=("blue", "green", "red")),
    Column("open", "categorical", "bool", 0.0, categories=("false", "true")),
    Column("code", "categorical", "int64", 0.0, categories=("3", "10")),
)
CLASSES: dict[Task, tuple[str, ...]] = {
    "binary": ("no", "yes"),
    "multiclass": ("high", "low", "middle"),
    "regression": (),
}


def schema_of(task: Task) -> TableSchema:
    """The schema that fits `table`."""
    return TableSchema(task, "target", COLUMNS, CLASSES[task])


def table(task: Task, rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Rows whose target depends on a number, a category and chance."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": random.normal(size=rows),
            "count": random.integers(0, 10, rows),
            "colour": pd.Series(random.choice(["blue", "green", "red"], rows), dtype="str"),
            "open": random.random(rows) < 0.5,
            "code": random.choice([3, 10], rows),
        }
    )
    value = frame["size"] * 2 + (frame["colour"] == "red") * 3 - frame["count"] / 5
    value += random.normal(scale=0.5, size=rows)
    frame.loc[random.random(rows) < 0.1, "size"] = np.nan
    frame.loc[random.random(rows) < 0.1, "colour"] = None
    return frame.assign(target=_target(value, task))


def _target(value: pd.Series, task: Task) -> Any:
    if task == "regression":
        return 1000.0 + 10.0 * value
    cuts = [-np.inf, 0.0, np.inf] if task == "binary" else [-np.inf, -1.0, 1.0, np.inf]
    names = ["no", "yes"] if task == "binary" else ["low", "middle", "high"]
    return pd.cut(value, cuts, labels=names).astype("str")
