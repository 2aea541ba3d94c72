"""How far the values of a number have moved, in standard deviations of the training rows.

The first Wasserstein distance is the area between two distribution functions. Between the outer
quantiles of the profile it is known from counts, but for what lies within a bin; beyond them it is
left out. A tenth of a standard deviation is the threshold that Evidently takes for it.

What chance alone reaches follows from its limit under no shift, the area under a Brownian bridge
(del Barrio, Gine and Matran, Central Limit Theorems for the Wasserstein Distance Between the
Empirical and the True Distributions, Annals of Probability 27, 1999): its mean, and above that a
tail no heavier than that of a normal number with the column's own variance (Tsirelson, Ibragimov
and Sudakov, Norms of Gaussian Sample Functions, 1976).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steps.monitoring.profile import BINS, Counts, Reference
from steps.monitoring.statistic import Statistic

Floats = NDArray[np.float64]


def moved(reference: Reference, now: Counts, limit: float, alpha: float) -> Statistic:
    """The distance, held to a limit of size or, where that is larger, to what chance reaches.

    Args:
        now: Rows a bin, the missing ones last.
        alpha: In what share of windows chance alone may exceed the threshold.
    """
    reached = chance(reference, int(now[:-1].sum()), alpha)
    return Statistic("Wasserstein", distance(reference, now), max(limit, reached))


def distance(reference: Reference, now: Counts) -> float:
    """The distance between the values that are there; zero where a side has none.

    Args:
        now: Rows a bin, the missing ones last.
    """
    before, after = np.asarray(reference.counts, dtype=np.float64), now[:-1].astype(np.float64)
    scale = deviation(reference)
    if not (before.sum() and after.sum() and scale):
        return 0.0
    apart = np.cumsum(after) / after.sum() - np.cumsum(before) / before.sum()
    return _area(np.abs(apart[:-1]), reference) / scale


def chance(reference: Reference, rows: float, alpha: float) -> float:
    """What the distance exceeds by chance in a share `alpha` of windows at most.

    Args:
        rows: Present values of a window.
    """
    before = np.asarray(reference.counts, dtype=np.float64)
    scale = deviation(reference)
    if not (before.sum() and rows and scale):
        return np.inf
    share = (np.cumsum(before) / before.sum())[:-1]
    mean = np.sqrt(2 / np.pi) * _area(np.sqrt(share * (1 - share)), reference) / scale
    tail = np.sqrt(-2 * np.log(alpha))
    return float(np.sqrt(1 / rows + 1 / before.sum()) * (mean + tail))


def deviation(reference: Reference) -> float:
    """The standard deviation of a column; of an older profile, that of its bins."""
    if reference.deviation or not reference.edges:
        return reference.deviation
    edges = np.asarray(reference.edges)
    values = np.append(edges, edges[-1])
    weights = np.asarray(reference.counts, dtype=np.float64)
    mean = np.average(values, weights=weights)
    return float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))


def _area(heights: Floats, reference: Reference) -> float:
    """The area below heights at the edges of a profile.

    Fewer edges than quantiles are those of values that come again and again: between them lies
    nothing, and the height stays.
    """
    widths = np.diff(reference.edges)
    whole = len(reference.edges) < BINS - 1
    return float((heights[:-1] if whole else (heights[:-1] + heights[1:]) / 2) @ widths)
