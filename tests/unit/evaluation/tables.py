"""Seeded targets and scores of models with a known quality."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.schema import Column, TableSchema

Floats = NDArray[np.float64]


def labels(rows: int, seed: int = 0, share: float = 0.3) -> NDArray[np.int64]:
    """Binary targets with about that share of ones."""
    return (np.random.default_rng(seed).random(rows) < share).astype(np.int64)


def scores(y: NDArray[np.int64], skill: float, seed: int = 1) -> Floats:
    """Binary scores of a model whose area under the curve grows with its skill; 0 is chance."""
    noise = np.random.default_rng(seed).normal(size=len(y))
    ones = 1.0 / (1.0 + np.exp(-(noise + skill * (y - 0.5))))
    return np.column_stack([1.0 - ones, ones])


def schema(task: str = "binary") -> TableSchema:
    """A schema of one numeric column for that task."""
    classes = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}[task]
    column = Column("x", "numeric", "float64")
    return TableSchema(task=task, target="y", columns=(column,), classes=classes)  # type: ignore[arg-type]
