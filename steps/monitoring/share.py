"""How far a share has moved: that of the missing values, or of one category.

A population stability index hardly sees a share that moves by some points, however many rows there
are: 5% of missing values that become 10% add 0.04 to it. A share is held to its change itself: to
a limit of size or, where that is larger, to what chance alone reaches in so few rows by the
two-proportion z test with the pooled share and a correction for continuity (Yates, Contingency
Tables Involving Small Numbers and the Chi-square Test, Supplement to the Journal of the Royal
Statistical Society 1, 1934). The largest change among categories is what TensorFlow Data
Validation holds a categorical column to, as its L-infinity distance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from steps.monitoring.profile import Counts, Reference
from steps.monitoring.statistic import Statistic

Floats = NDArray[np.float64]


def missing(reference: Reference, now: Counts, limit: float, alpha: float) -> Statistic:
    """The change of the share of missing values.

    Args:
        now: Rows a bin, the missing ones last.
        limit: The change, 0 to 1, above which it matters.
        alpha: In what share of windows chance alone may exceed the threshold.
    """
    rows = reference.rows, int(now.sum())
    moved = _largest([reference.missing], now[-1:], rows, limit, alpha)
    return Statistic("missing share (z test)", *moved)


def category(reference: Reference, now: Counts, limit: float, alpha: float) -> Statistic:
    """The change of that category's share which went furthest, among the rows that have one.

    Args:
        now: Rows a category, the unseen ones and the missing ones last.
        limit: The change, 0 to 1, above which it matters.
        alpha: In what share of windows chance alone may exceed the threshold.
    """
    rows = sum(reference.counts), int(now[:-1].sum())
    moved = _largest(reference.counts, now[:-1], rows, limit, alpha)
    return Statistic("category share (z test)", *moved)


def _largest(
    before: Sequence[int], now: Counts, rows: tuple[int, int], limit: float, alpha: float
) -> tuple[float, float]:
    """The change that is largest beside its threshold, with that.

    Args:
        rows: Before and now, among which the counts are.
    """
    from scipy.special import ndtri

    counts = np.array([before, now], dtype=np.float64)
    n, m = (float(max(each, 1)) for each in rows)
    pooled, apart = counts.sum(axis=0) / (n + m), np.abs(counts[0] / n - counts[1] / m)
    many, harmonic = max(int((pooled > 0).sum()), 1), 1 / n + 1 / m
    quantile = -float(ndtri(alpha / 2 / many))
    chance = quantile * np.sqrt(pooled * (1 - pooled) * harmonic) + harmonic / 2
    thresholds = np.maximum(limit, chance)
    place = int((apart / thresholds).argmax())
    return float(apart[place]), float(thresholds[place])
