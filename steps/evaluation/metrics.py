"""What a model is measured by, computed on many bootstrap resamples at once.

Every metric takes the targets, the scores of the rows and `counts`: how often each resample drew
each row, as a float matrix of [resamples, rows]. A metric of the rows as they are is the metric of
a single resample that drew every row once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import ConfigError, near_miss
from serving.schema import Task

Floats = NDArray[np.float64]
Targets = NDArray[Any]
Counted = Callable[[Floats], Floats]
Resampled = Callable[[Targets, Floats], Counted]

# A probability of zero for what then happened costs log(1/EPSILON) = 15.9, not infinity.
EPSILON = float(np.finfo(np.float32).eps)

# Of more rows the resamples are gone through one by one: what one needs stays near the processor.
FEW = 1 << 16


@dataclass(frozen=True, slots=True)
class Metric:
    """One number for how well scores [rows, classes] fit the targets [rows].

    Targets are codes in the order of the schema's classes, or values in a regression.

    Args:
        prepared: From targets and scores, once, what gives the metric of each resample from its
            counts; NaN where a resample leaves it undefined.
    """

    name: str
    higher_is_better: bool
    prepared: Resampled

    def resampled(self, y: Targets, scores: Floats, counts: Floats) -> Floats:
        """The metric of each resample."""
        return self.prepared(y, scores)(counts)

    def function(self, y: Targets, scores: NDArray[Any]) -> float:
        """The metric of the rows as they are; NaN where it is undefined."""
        once = np.ones((1, len(y)))
        return float(self.resampled(y, np.asarray(scores, dtype=np.float64), once)[0])

    def improvement(self, challenger: Floats, champion: Floats) -> Floats:
        """How much better the challenger's values are; positive is better for every metric."""
        return challenger - champion if self.higher_is_better else champion - challenger


def metrics_of(task: Task) -> tuple[Metric, ...]:
    """Every metric of a task, its primary one first."""
    return METRICS[task]


def primary(task: Task) -> Metric:
    """The metric that decides where no other is named.

    Binary: the area under the ROC curve, which needs no threshold and no balance of the classes.
    Multiclass: the log loss, a proper score that stays defined when rows lack a class, where a
    mean of one-against-rest areas does not. Regression: the root of the mean squared error.
    """
    return METRICS[task][0]


def find_metric(name: str, task: Task) -> Metric:
    """The metric of that name; no name means the task's primary one."""
    known = {metric.name: metric for metric in METRICS[task]}
    if not name:
        return primary(task)
    if name not in known:
        raise ConfigError(f"There is no {task} metric '{name}'. {near_miss(name, known)}")
    return known[name]


def _row_mean(loss: Callable[[Targets, Floats], Floats]) -> Resampled:
    """A metric that is the mean over rows of one number a row."""

    def prepared(y: Targets, scores: Floats) -> Counted:
        losses = loss(y, scores)
        return lambda counts: _divide(counts @ losses, counts.sum(axis=1))

    return prepared


def _divide(above: Floats, below: Floats) -> Floats:
    """Divide, with NaN and no warning where the divisor is zero."""
    result: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return result


def _one_hot(y: Targets, scores: Floats) -> Floats:
    rows: Floats = np.eye(scores.shape[1])[y.astype(np.int64)]
    return rows


def _log_losses(y: Targets, scores: Floats) -> Floats:
    happened = scores[np.arange(len(y)), y.astype(np.int64)]
    losses: Floats = -np.log(np.clip(happened, EPSILON, 1.0))
    return losses


def _brier_losses(y: Targets, scores: Floats) -> Floats:
    losses: Floats = np.square(scores[:, 1] - y)
    return losses


def _hits(y: Targets, scores: Floats) -> Floats:
    hits: Floats = (scores.argmax(axis=1) == y).astype(np.float64)
    return hits


def _absolute_errors(y: Targets, scores: Floats) -> Floats:
    errors: Floats = np.abs(scores[:, 0] - y)
    return errors


def _squared_errors(y: Targets, scores: Floats) -> Floats:
    errors: Floats = np.square(scores[:, 0] - y)
    return errors


def _rmse(y: Targets, scores: Floats) -> Counted:
    mean = _row_mean(_squared_errors)(y, scores)
    return lambda counts: np.sqrt(mean(counts))


def _r2(y: Targets, scores: Floats) -> Counted:
    """One minus the squared error over that of the resample's own mean."""
    # Centred first: the difference of two large sums would lose the digits that matter.
    centred = y - y.mean()
    squares, errors = np.square(centred), _squared_errors(y, scores)

    def counted(counts: Floats) -> Floats:
        rows = counts.sum(axis=1)
        total = counts @ squares - _divide(np.square(counts @ centred), rows)
        return 1.0 - _divide(counts @ errors, total)

    return counted


def _ties(sorted_scores: Floats) -> NDArray[np.int64] | None:
    """Where each run of equal scores starts; None when all differ."""
    starts = np.flatnonzero(np.r_[True, np.diff(sorted_scores) != 0])
    return None if len(starts) == len(sorted_scores) else starts


def _grouped(weights: Floats, starts: NDArray[np.int64] | None) -> Floats:
    sums: Floats = weights if starts is None else np.add.reduceat(weights, starts, axis=1)
    return sums


def _auc(positive: NDArray[np.bool_], score: Floats) -> Counted:
    """The weighted share of (positive, negative) pairs in the right order, ties as a half."""
    order = np.argsort(score, kind="stable")
    ones, zeros = order[positive[order]], order[~positive[order]]
    # Of each positive the negatives below it, and those that are not above it.
    lower, upper = (np.searchsorted(score[zeros], score[ones], side) for side in ("left", "right"))
    tied = bool((lower != upper).any())
    ends = np.zeros(len(zeros) + 1)

    def pairs(counts: Floats) -> tuple[float, float]:
        drawn = counts.take(ones)
        np.cumsum(counts.take(zeros), out=ends[1:])
        below = ends.take(lower)
        if tied:
            below = 0.5 * (below + ends.take(upper))
        # Sums of whole and half numbers are the same in any order.
        return float(drawn @ below), float(drawn.sum() * ends[-1])

    def counted(counts: Floats) -> Floats:
        right, every = np.array([pairs(each) for each in counts]).reshape(-1, 2).T
        return _divide(right, every)

    return counted


def _roc_auc(y: Targets, scores: Floats) -> Counted:
    return _auc(y == 1, scores[:, 1])


def _roc_auc_ovr(y: Targets, scores: Floats) -> Counted:
    """The mean of each class's area against the rest; NaN when a resample lacks a class."""
    areas = [_auc(y == code, scores[:, code]) for code in range(scores.shape[1])]
    return lambda counts: np.mean([area(counts) for area in areas], axis=0)


def _average_precision(y: Targets, scores: Floats) -> Counted:
    """The precision at each threshold, weighted by the step in recall there."""
    order = np.argsort(-scores[:, 1], kind="stable")
    positive = (y == 1)[order]
    starts = _ties(scores[order, 1])

    def steps(drawn: Floats) -> Floats:
        ones, rows = _grouped(drawn * positive, starts), _grouped(drawn, starts)
        precision = _divide(np.cumsum(ones, axis=1), np.cumsum(rows, axis=1))
        # Before the first row drawn there is no precision, and no step in recall to weigh it by.
        hits = np.einsum("rn,rn->r", ones, np.nan_to_num(precision))
        return _divide(hits, ones.sum(axis=1))

    def counted(counts: Floats) -> Floats:
        if len(y) <= FEW:
            return steps(counts[:, order])
        return np.concatenate([steps(each.take(order)[None]) for each in counts])

    return counted


def _macro_f1(y: Targets, scores: Floats) -> Counted:
    """The mean F1 over the classes that a resample holds or was predicted to hold."""
    actual = _one_hot(y, scores)
    predicted = np.eye(scores.shape[1])[scores.argmax(axis=1)]
    right = actual * predicted

    def counted(counts: Floats) -> Floats:
        among = counts @ actual + counts @ predicted
        f1 = _divide(2.0 * (counts @ right), among)
        return _divide(np.nan_to_num(f1).sum(axis=1), (among > 0).sum(axis=1).astype(np.float64))

    return counted


METRICS: dict[Task, tuple[Metric, ...]] = {
    "binary": (
        Metric("roc_auc", True, _roc_auc),
        Metric("average_precision", True, _average_precision),
        Metric("log_loss", False, _row_mean(_log_losses)),
        Metric("brier", False, _row_mean(_brier_losses)),
        Metric("accuracy", True, _row_mean(_hits)),
    ),
    "multiclass": (
        Metric("log_loss", False, _row_mean(_log_losses)),
        Metric("roc_auc_ovr", True, _roc_auc_ovr),
        Metric("accuracy", True, _row_mean(_hits)),
        Metric("macro_f1", True, _macro_f1),
    ),
    "regression": (
        Metric("rmse", False, _rmse),
        Metric("mae", False, _row_mean(_absolute_errors)),
        Metric("r2", True, _r2),
    ),
}
