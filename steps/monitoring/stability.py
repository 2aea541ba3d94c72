"""The population stability index of a column, over about ten bins, as its threshold was meant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steps.monitoring.profile import Counts, Reference
from steps.monitoring.statistic import Statistic

Floats = NDArray[np.float64]

GROUPS = 10


def index(reference: Reference, now: Counts, limit: float, alpha: float) -> Statistic:
    """The index of a column, missing values in a bin of their own.

    Args:
        now: Rows a bin, the missing ones last.
        alpha: In what share of windows chance alone may exceed the threshold.
    """
    from scipy.special import chdtri

    before = np.append(reference.counts, reference.missing).astype(np.float64)
    bins = _groups(reference, before)
    merged = [np.bincount(bins, weights=counts) for counts in (before, now.astype(np.float64))]
    occupied = (merged[0] + merged[1]) > 0
    p, q = (counts[occupied].astype(np.float64) for counts in merged)
    harmonic = 1.0 / p.sum() + 1.0 / q.sum()
    reached = harmonic * float(chdtri(max(len(p) - 1, 1), alpha))
    return Statistic("PSI", stability_index(p, q), max(limit, reached))


def stability_index(before: Floats, now: Floats) -> float:
    """The population stability index of two vectors of counts in the same bins."""
    # Half a row a bin keeps an empty one from an infinite index.
    p, q = (counts + 0.5 for counts in (before, now))
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def _groups(reference: Reference, before: Floats) -> NDArray[np.int64]:
    """The coarse bin of each fine one, missing values in one of their own.

    Numbers in about ten of equal weight; categories below a hundredth of the rows in one.
    """
    counts = before[:-1]
    if reference.numeric:
        shares = np.cumsum(counts) - counts / 2
        coarse = np.minimum((shares / max(counts.sum(), 1) * GROUPS).astype(np.int64), GROUPS - 1)
    else:
        rare = counts < before.sum() / 100
        coarse = np.where(rare, 0, np.cumsum(~rare))
    return np.append(coarse, coarse.max(initial=0) + 1)
