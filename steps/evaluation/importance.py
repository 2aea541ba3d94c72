"""Which columns a model goes by, asked of the model that will be served."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steps.evaluation.evaluation import Score
from steps.evaluation.metrics import Metric, Targets

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]
Scorer = Callable[[Matrix], NDArray[Any]]
# Rows scored at most for either measure: what bounds its cost, however wide the table is.
BUDGET = 60_000
REPEATS = 3
MOST_ROWS = 1000
FEWEST_ROWS = 50
# Rows that are explained, and orders of the columns for each of them, each with its reverse.
EXPLAINED = 60
ORDERS = 5


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each column added to the scores of some rows.

    Args:
        values: [rows, columns].
        places: Where each row's value lies among the others of its column, 0 to 1; NaN: missing.
        base: The mean score of the rows that they were held against.
    """

    values: Floats
    places: Floats
    base: float


def permutation_importance(
    score: Scorer, matrix: Matrix, y: Targets, metric: Metric, seed: int = 0
) -> tuple[int, list[Score]]:
    """How much worse the metric gets when a column's values are dealt to other rows.

    Permutation importance (Breiman, "Random forests", 2001; Fisher, Rudin and Dominici, "All models
    are wrong, but many are useful", 2019) over a seeded sample of the rows: the mean over the
    repeats, and their range as the interval.

    Returns:
        The rows that were drawn, and a score for each column; positive is worse.
    """
    rng, width = np.random.default_rng(seed), matrix.shape[1]
    most = int(np.clip(BUDGET // (REPEATS * max(width, 1)), FEWEST_ROWS, MOST_ROWS))
    rows = np.sort(rng.permutation(len(matrix))[:most])
    drawn, truth = matrix[rows], y[rows]
    whole = metric.function(truth, score(drawn))
    orders = [rng.permutation(len(drawn)) for _ in range(REPEATS)]
    found = [_column(score, drawn, truth, metric, whole, place, orders) for place in range(width)]
    return len(rows), found


def _column(
    score: Scorer,
    drawn: Matrix,
    truth: Targets,
    metric: Metric,
    whole: float,
    place: int,
    orders: Sequence[NDArray[np.int64]],
) -> Score:
    """One column, dealt in each of these orders."""
    mixed = np.tile(drawn, (len(orders), 1))
    mixed[:, place] = np.concatenate([drawn[order, place] for order in orders])
    parts = np.split(score(mixed), len(orders))
    better = [metric.function(truth, part) for part in parts]
    lost = np.asarray(better) - whole
    lost = -lost if metric.higher_is_better else lost
    if not np.isfinite(lost).all():
        return Score(metric=metric.name, value=None, low=None, high=None)
    # Minus zero would be told with a sign.
    value, low, high = (float(number) + 0.0 for number in (lost.mean(), lost.min(), lost.max()))
    return Score(metric=metric.name, value=value, low=low, high=high)


def contributions(
    score: Scorer, matrix: Matrix, others: Matrix, place: int | None = None, seed: int = 0
) -> Contributions:
    """What each column added to one score of some of the rows, from the mean one to theirs.

    SHAP values, by sampling: Štrumbelj and Kononenko, "Explaining prediction models and individual
    predictions with feature contributions", 2014, in which the columns of another row are replaced
    by those of the explained one in a random order, and in its reverse. The other rows are whole
    ones of the table, drawn by the seed (the marginal, or interventional, Shapley values of
    Lundberg and Lee, 2017, and Janzing et al., 2020).

    Args:
        others: The rows to draw from.
        place: Which of a row's scores; None: the highest one of the explained row.
    """
    rng, width = np.random.default_rng(seed), matrix.shape[1]
    most = int(np.clip(BUDGET // (2 * ORDERS * (width + 1)), 10, EXPLAINED))
    rows = matrix[np.sort(rng.permutation(len(matrix))[:most])]
    found = np.empty((len(rows), width))
    base = np.empty(len(rows))
    for number, row in enumerate(rows):
        drawn = others[rng.integers(len(others), size=ORDERS)]
        found[number], base[number] = _explained(score, row, drawn, place, rng)
    return Contributions(found, _places(rows), float(base.mean()))


def _explained(
    score: Scorer, row: Matrix, others: Matrix, place: int | None, rng: np.random.Generator
) -> tuple[Floats, float]:
    """The contributions to one row's score, and the mean score of the others."""
    count, width = others.shape
    ranks = np.argsort(rng.random((count, width)), axis=1)
    ranks = np.concatenate([ranks, width - 1 - ranks])
    # [orders, steps, columns]: of the explained row where the step has come past the column.
    taken = ranks[:, None, :] < np.arange(width + 1)[None, :, None]
    walked = np.where(taken, row, np.concatenate([others, others])[:, None, :])
    scores = score(walked.reshape(-1, width)).astype(np.float64)
    # The last step of every walk is the explained row itself.
    told = int(scores[-1].argmax()) if place is None else place
    scores = scores[:, told].reshape(2 * count, width + 1)
    moved = np.take_along_axis(np.diff(scores, axis=1), ranks, axis=1)
    return moved.mean(axis=0), float(scores[:, 0].mean())


def _places(rows: Matrix) -> Floats:
    """Where each value lies among those of its column, 0 to 1."""
    held = np.isnan(rows)
    ranks = np.argsort(np.argsort(np.where(held, -np.inf, rows), axis=0), axis=0)
    ranks = (ranks - held.sum(axis=0)) / np.maximum(len(rows) - held.sum(axis=0) - 1, 1)
    return np.where(held, np.nan, ranks)
