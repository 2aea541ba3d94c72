"""P-values of a window's column, from counts, and their correction for many columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steps.monitoring.profile import Counts, Reference

Floats = NDArray[np.float64]

# Fewer rows than these are expected in a category: it is pooled.
RARE = 5.0


def p_value(reference: Reference, now: Counts) -> float:
    """How likely chance alone moves the values of a column, those that are there, so far.

    Args:
        now: Rows a bin, the missing ones last.
    """
    before, after = np.array(reference.counts, dtype=np.float64), now[:-1].astype(np.float64)
    return _smirnov(before, after) if reference.numeric else _chi_square(before, after)


def holm(values: Floats, alpha: float) -> Floats:
    """The threshold of each p-value, zero from the first in order that does not pass."""
    order = np.argsort(values)
    steps = alpha / np.arange(len(values), 0, -1)
    failed = values[order] >= steps
    first = int(failed.argmax()) if failed.any() else len(values)
    thresholds = np.empty(len(values))
    if not len(values):
        return thresholds
    # Those after it are held to the step that ended the sequence, which none of them passes.
    thresholds[order] = np.where(
        np.arange(len(values)) < first, steps, steps[min(first, len(steps) - 1)]
    )
    return thresholds


def _smirnov(before: Floats, after: Floats) -> float:
    from scipy.special import kolmogorov

    n, m = before.sum(), after.sum()
    if not n or not m:
        return 1.0
    distance = np.abs(np.cumsum(before) / n - np.cumsum(after) / m).max()
    return float(kolmogorov(distance * np.sqrt(n * m / (n + m))))


def _chi_square(before: Floats, after: Floats) -> float:
    from scipy.special import chdtrc

    expected = (before + after) * min(before.sum(), after.sum()) / (before.sum() + after.sum())
    rare = expected < RARE
    table = np.array([[*each[~rare], each[rare].sum()] for each in (before, after)])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return 1.0
    independent = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = ((table - independent) ** 2 / independent).sum()
    return float(chdtrc(table.shape[1] - 1, statistic))
