"""What each column contributed to one answer of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steps.monitoring.profile import Profile, Reference

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
# Orders of the columns that are drawn, each with its reverse.
ORDERS = 100


@dataclass(frozen=True, slots=True)
class Contribution:
    """How far one column's value moved a score away from the mean one.

    Args:
        error: The standard error of the value, from the orders that were drawn.
    """

    column: str
    value: float
    error: float


def contributions(
    score: Callable[[Matrix], NDArray[Any]],
    row: Matrix,
    profile: Profile,
    *,
    orders: int = ORDERS,
    seed: int = 0,
) -> tuple[float, list[Contribution]]:
    """The mean score of rows like those of the training, and what each column of a row adds to it.

    Sampled Shapley values: Štrumbelj and Kononenko, "Explaining prediction models and individual
    predictions with feature contributions", Knowledge and Information Systems 41, 2014; each order
    of the columns is taken with its reverse. The other row of a pair is drawn column by column
    from the profile, so that columns that go together are taken apart. The contributions add up
    to the row's score less the mean one, but for the error of the floating point.

    Args:
        score: One number a row of a matrix [rows, columns].
        row: [columns], as the model reads it.
        profile: Its columns are those of the row, in that order.
    """
    rng, width = np.random.default_rng(seed), len(row)
    drawn = np.column_stack([draw(each, orders, rng) for each in profile.columns])
    moved = np.empty((2 * orders, width))
    base = np.empty(2 * orders)
    for number, other in enumerate(drawn):
        order = rng.permutation(width)
        for place, path in enumerate((order, order[::-1])):
            steps = score(_walk(row, other, path))
            moved[2 * number + place, path] = np.diff(steps)
            base[2 * number + place] = steps[0]
    # A pair is one draw: its two orders start from the same other row.
    pairs = moved.reshape(orders, 2, width).mean(axis=1)
    errors = pairs.std(axis=0, ddof=1) / np.sqrt(orders)
    found = [
        Contribution(each.name, float(value), float(error))
        for each, value, error in zip(profile.columns, pairs.mean(axis=0), errors, strict=True)
    ]
    return float(base.mean()), sorted(found, key=lambda each: -abs(each.value))


def draw(reference: Reference, rows: int, rng: np.random.Generator) -> Matrix:
    """Values of a column as its training rows had them: encoded, the missing ones as they are.

    Of a number a bin is drawn by its rows, and a value evenly between the bin's edges; the outer
    bins, which have one edge, give that.
    """
    weights = np.asarray([*reference.counts, reference.missing], dtype=np.float64)
    bins = rng.choice(len(weights), size=rows, p=weights / weights.sum())
    if not reference.numeric:
        return bins.astype(np.float32)
    edges = _outer(reference.edges)
    inner = np.minimum(bins, len(reference.counts) - 1)
    values = rng.uniform(edges[inner], edges[inner + 1])
    return np.where(bins == len(reference.counts), np.nan, values).astype(np.float32)


def _outer(edges: Sequence[float]) -> Floats:
    inner = edges or (0.0,)
    return np.asarray([inner[0], *inner, inner[-1]])


def _walk(row: Matrix, other: Matrix, path: NDArray[np.int64]) -> Matrix:
    """From the other row to the row, a column at a time: [columns + 1, columns]."""
    steps = np.tile(other, (len(row) + 1, 1))
    for place, column in enumerate(path):
        steps[place + 1 :, column] = row[column]
    return steps
