"""What a model's scores look like against the truth, as curves that can be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BINS = 10
# A bin of fewer rows says more of chance than of the model.
FEWEST = 20


@dataclass(frozen=True, slots=True)
class Curve:
    """Points from left to right, with the area under them."""

    x: Floats
    y: Floats
    area: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of like scores.

    Args:
        predicted: Their mean score.
        actual: What was true of them in the mean.
        low, high: Of a probability its Wilson interval of 95%; of a number where the middle 80% of
            the true values lie.
    """

    rows: int
    predicted: float
    actual: float
    low: float
    high: float


def roc(positive: NDArray[np.bool_], scores: NDArray[Any]) -> Curve:
    """The true positive rate over the false positive rate, a point for each distinct score."""
    hits, misses = _counted(positive, scores)
    x = np.append(0.0, misses / max(misses[-1], 1))
    y = np.append(0.0, hits / max(hits[-1], 1))
    return Curve(x, y, float(np.trapezoid(y, x)))


def precision_recall(positive: NDArray[np.bool_], scores: NDArray[Any]) -> Curve:
    """The precision over the recall; its area is the average precision, each step by its recall."""
    hits, misses = _counted(positive, scores)
    recall, precision = hits / max(hits[-1], 1), hits / (hits + misses)
    area = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    return Curve(np.append(0.0, recall), np.append(precision[:1], precision), area)


def reliability(positive: NDArray[np.bool_], scores: NDArray[Any], bins: int = BINS) -> list[Bin]:
    """How often it was true, over rows by their probability: as many rows in each bin."""
    found = []
    for rows in _dealt(scores, bins):
        share = float(positive[rows].mean())
        low, high = wilson(share, len(rows))
        found.append(Bin(len(rows), float(scores[rows].mean()), share, low, high))
    return found


def calibration_error(bins: list[Bin]) -> float:
    """The expected calibration error: the mean distance of a bin from what it says, by its rows."""
    total = sum(each.rows for each in bins)
    return sum(each.rows * abs(each.predicted - each.actual) for each in bins) / max(total, 1)


def levels(actual: Floats, predicted: Floats, bins: int = BINS) -> list[Bin]:
    """The true values over rows by their prediction: as many rows in each bin."""
    found = []
    for rows in _dealt(predicted, bins):
        held = actual[rows]
        low, high = np.quantile(held, (0.1, 0.9))
        mean = float(predicted[rows].mean())
        found.append(Bin(len(rows), mean, float(held.mean()), float(low), float(high)))
    return found


def wilson(share: float, rows: int, z: float = 1.959964) -> tuple[float, float]:
    """The interval of 95% of a share of so many rows (Wilson, 1927)."""
    below = 1 + z * z / rows
    middle = (share + z * z / (2 * rows)) / below
    half = z / below * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return float(middle - half), float(middle + half)


def _counted(positive: NDArray[np.bool_], scores: NDArray[Any]) -> tuple[Floats, Floats]:
    """How many rows of either kind score at least so much, for each distinct score downwards."""
    order = np.argsort(-scores, kind="stable")
    ordered, truth = scores[order], positive[order].astype(np.float64)
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    hits = np.cumsum(truth)[last]
    return hits, last + 1.0 - hits


def _dealt(scores: NDArray[Any], bins: int) -> list[NDArray[np.int64]]:
    """The rows in bins of about one size, those of one score together, from the lowest on."""
    order = np.argsort(scores, kind="stable")
    count = int(np.clip(len(scores) // FEWEST, 1, bins))
    cuts = np.linspace(0, len(order), count + 1).astype(np.int64)[1:-1]
    # A cut within rows of one score moves to where they begin.
    cuts = np.unique(np.searchsorted(scores[order], scores[order][cuts], side="left"))
    return [part for part in np.split(order, cuts) if len(part)]
