"""A table of known distributions, encoded, and its profile."""

import numpy as np
from numpy.typing import NDArray

from serving.schema import Column, TableSchema
from steps.monitoring.profile import Profile, learn

CATEGORIES = tuple(f"k{number}" for number in range(8))
SCHEMA = TableSchema(
    task="binary",
    target="y",
    columns=(
        Column("normal", "numeric", "float64", 0.05),
        Column("whole", "numeric", "int64"),
        Column("skewed", "numeric", "float64"),
        Column("kind", "categorical", "str", 0.1, categories=CATEGORIES),
    ),
    classes=("no", "yes"),
)
SHARES = np.array([0.4, 0.2, 0.1, 0.1, 0.1, 0.05, 0.04, 0.01])
UNSEEN, MISSING = len(CATEGORIES), len(CATEGORIES) + 1


def draw(rows: int, seed: int, shift: float = 0.0) -> NDArray[np.float32]:
    """Encoded rows; `shift` moves the first column by so many standard deviations."""
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=rows) + shift
    normal[rng.random(rows) < 0.05] = np.nan
    columns = [
        normal,
        rng.poisson(2.0, rows),
        rng.exponential(size=rows),
        rng.choice(len(CATEGORIES), rows, p=SHARES),
    ]
    return np.column_stack(columns).astype(np.float32)


def answers(rows: int, seed: int) -> NDArray[np.float32]:
    """Scores [rows, 2]."""
    share = np.random.default_rng(seed).beta(2, 5, size=(rows, 1))
    return np.hstack([1 - share, share]).astype(np.float32)


def profile(rows: int = 8000, seed: int = 1) -> Profile:
    """The profile of rows without a shift."""
    return learn(draw(rows, seed), answers(rows, seed), SCHEMA)
