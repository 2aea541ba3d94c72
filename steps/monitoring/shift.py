"""How far a window lies from the reference, one number a column with its test and threshold.

Small windows are held against the reference by a test of chance: Kolmogorov and Smirnov's on the
binned distribution of a number, which binning makes cautious, and Pearson's chi-square for
categories, rare ones pooled (Cochran, Some Methods for Strengthening the Common Chi-Square Tests,
Biometrics 10, 1954). Large ones, in which any small change is no chance, by the population
stability index, with the usual 0.1 as its threshold or, where that is larger, what chance alone
reaches: the index times the harmonic rows is chi-square distributed (Yurdakul, Statistical
Properties of Population Stability Index, 2018). A number whose index is below its threshold is
held to its Wasserstein distance too, which sees a mean or a spread that has moved a little.

Many columns are many chances of a false alarm: p-values are corrected by Holm's method (A Simple
Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6, 1979), the
chance bounds of the others by Bonferroni's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from serving.errors import ConfigError, near_miss
from steps.monitoring.profile import Counts, Reference
from steps.monitoring.wasserstein import chance, distance

Test = Literal["KS p-value", "chi-square p-value", "PSI", "Wasserstein"]
# As a run config names them; the first is what a column's rows and kind ask for.
Choice = Literal["auto", "psi", "wasserstein", "ks", "chi-square"]
# Those that grow with the shift; a p-value falls.
DISTANCES = ("PSI", "Wasserstein")
Floats = NDArray[np.float64]

# The index is computed over about ten bins, as its threshold was meant.
GROUPS = 10
RARE = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """When a column counts as drifted.

    Args:
        alpha: The chance of any false alarm among all columns, 0 to 1.
        psi: The population stability index above which a change matters.
        small: Windows below this many rows are told by a p-value.
        wasserstein: The distance, in standard deviations, above which a change matters.
        tests: By column, where it is another than its rows and kind ask for.
    """

    alpha: float = 0.01
    psi: float = 0.1
    small: int = 1000
    wasserstein: float = 0.1
    tests: Mapping[str, Choice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one column lies from its reference.

    Args:
        threshold: A p-value drifts below it, an index or a distance above.
        missing: The share of missing values now, 0 to 1.
        unseen: The share of categories that training did not hold, 0 to 1.
    """

    column: str
    test: Test
    value: float
    threshold: float
    drifted: bool
    missing: float
    missing_before: float
    unseen: float


def shifts(
    references: Sequence[Reference], window: Sequence[Counts], limits: Limits
) -> list[Shift]:
    """Each column of a window against its reference.

    Args:
        window: Rows a bin, the missing ones last, as `profile.count` gives them.
    """
    rows = int(window[0].sum()) if len(window) else 0
    pairs = list(zip(references, window, strict=True))
    chosen = [_choice(each, rows, limits) for each in references]
    chance_of = [place for place, test in enumerate(chosen) if test in ("ks", "chi-square")]
    # Each share of the columns has its share of the chance.
    alpha = limits.alpha * len(chance_of) / max(len(pairs), 1)
    values = np.array([_p_value(*pairs[place]) for place in chance_of])
    thresholds = dict(zip(chance_of, holm(values, alpha), strict=True))
    p_values = dict(zip(chance_of, values, strict=True))
    found = []
    for place, (reference, now) in enumerate(pairs):
        if place in p_values:
            value, threshold = float(p_values[place]), float(thresholds[place])
            told = _test(reference), value, threshold, value < threshold
            found.append(_shift(reference, now, *told))
        else:
            found.append(_by_distance(reference, now, chosen[place], limits, len(pairs)))
    return found


def require_known(tests: Iterable[str], columns: Sequence[str]) -> None:
    """Refuse a test of a column that is not compared.

    Raises:
        ConfigError: There is one.
    """
    for name in tests:
        if name not in columns:
            raise ConfigError(
                f"Run config key 'monitoring.tests': there is no column '{name}' in the profile. "
                f"{near_miss(name, columns)}"
            )


def _choice(reference: Reference, rows: int, limits: Limits) -> Choice:
    """The test of a column.

    Raises:
        ConfigError: Its kind has none of that name.
    """
    asked = limits.tests.get(reference.name, "auto")
    if asked in ("wasserstein", "ks") and not reference.numeric:
        raise _unfit(reference.name, asked, "categories", "psi and chi-square")
    if asked == "chi-square" and reference.numeric:
        raise _unfit(reference.name, asked, "numbers", "psi, wasserstein and ks")
    if asked == "auto" and rows < limits.small:
        return "ks" if reference.numeric else "chi-square"
    return asked


def _unfit(column: str, asked: str, kind: str, fit: str) -> ConfigError:
    return ConfigError(
        f"Run config key 'monitoring.tests': '{column}' holds {kind}, for which there is no "
        f"{asked}: {fit} are there, and auto."
    )


def _by_distance(
    reference: Reference, now: Counts, asked: Choice, limits: Limits, columns: int
) -> Shift:
    """By the index, or the distance where that is asked for, or has drifted alone."""
    both = asked == "auto" and reference.numeric and np.isfinite(limits.wasserstein)
    alpha = limits.alpha / columns / (2 if both else 1)
    index = _by_index(reference, now, limits, alpha)
    if asked != "wasserstein" and (not both or index.drifted):
        return index
    present = int(now[:-1].sum())
    limit = max(limits.wasserstein, chance(reference, present, alpha))
    value = distance(reference, now)
    moved = _shift(reference, now, "Wasserstein", value, limit, value > limit)
    return moved if moved.drifted or asked == "wasserstein" else index


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


def stability_index(before: Floats, now: Floats) -> float:
    """The population stability index of two vectors of counts in the same bins."""
    # Half a row a bin keeps an empty one from an infinite index.
    p, q = (counts + 0.5 for counts in (before, now))
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def _by_index(reference: Reference, now: Counts, limits: Limits, alpha: float) -> Shift:
    from scipy.special import chdtri

    before = np.append(reference.counts, reference.missing).astype(np.float64)
    bins = _groups(reference, before)
    merged = [np.bincount(bins, weights=counts) for counts in (before, now.astype(np.float64))]
    occupied = (merged[0] + merged[1]) > 0
    p, q = (counts[occupied].astype(np.float64) for counts in merged)
    harmonic = 1.0 / p.sum() + 1.0 / q.sum()
    reached = harmonic * float(chdtri(max(len(p) - 1, 1), alpha))
    value, threshold = stability_index(p, q), max(limits.psi, reached)
    return _shift(reference, now, "PSI", value, threshold, value > threshold)


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


def _test(reference: Reference) -> Test:
    return "KS p-value" if reference.numeric else "chi-square p-value"


def _p_value(reference: Reference, now: Counts) -> float:
    before = np.append(reference.counts, reference.missing).astype(np.float64)
    after = now.astype(np.float64)
    if not reference.numeric:
        return _chi_square(before, after)
    # Missing values are no place in an order: they have a test of their own, and two tests halve
    # the chance that each may take.
    split = np.array([[before[:-1].sum(), before[-1]], [after[:-1].sum(), after[-1]]])
    return min(1.0, 2.0 * min(_smirnov(before[:-1], after[:-1]), _chi_square(*split)))


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


def _shift(
    reference: Reference, now: Counts, test: Test, value: float, threshold: float, drifted: bool
) -> Shift:
    rows = max(int(now.sum()), 1)
    unseen = 0.0 if reference.numeric else float(now[-2]) / rows
    before = reference.missing / max(reference.rows, 1)
    missing = float(now[-1]) / rows
    return Shift(reference.name, test, value, threshold, bool(drifted), missing, before, unseen)
