"""How far a window lies from the reference, one number a column with its test and threshold.

Small windows are held against the reference by a test of chance: Kolmogorov and Smirnov's on the
binned distribution of a number, which binning makes cautious, and Pearson's chi-square for
categories, rare ones pooled (Cochran, Some Methods for Strengthening the Common Chi-Square Tests,
Biometrics 10, 1954). Large ones, in which any small change is no chance, by the population
stability index, with the usual 0.1 as its threshold or, where that is larger, what chance alone
reaches: the index times the harmonic rows is chi-square distributed (Yurdakul, Statistical
Properties of Population Stability Index, 2018). The index is blind to small moves: a number is
held to its Wasserstein distance too, a category to the change of its share, and the share of
missing values of any column, in windows of any size, to its own change. Of several tests that
drifted, the one furthest beyond its threshold is told.

Many columns are many chances of a false alarm: p-values are corrected by Holm's method (A Simple
Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6, 1979), the
chance bounds of the others by Bonferroni's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from serving.errors import ConfigError, near_miss
from steps.monitoring import share, stability, wasserstein
from steps.monitoring.chance import holm, p_value
from steps.monitoring.profile import Counts, Reference
from steps.monitoring.statistic import Statistic, Test, beyond

# As a run config names them; the first is what a column's rows and kind ask for.
Choice = Literal["auto", "psi", "wasserstein", "ks", "chi-square"]
Pair = tuple[Reference, Counts]
P_VALUES: dict[str, Test] = {"ks": "KS p-value", "chi-square": "chi-square p-value"}
# By the name of their limit.
MEASURES: dict[str, Callable[[Reference, Counts, float, float], Statistic]] = {
    "psi": stability.index,
    "wasserstein": wasserstein.moved,
    "missing": share.missing,
    "category": share.category,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """When a column counts as drifted; an infinite limit leaves its test out.

    Args:
        alpha: The chance of any false alarm among all columns, 0 to 1.
        psi: The population stability index above which a change matters.
        small: Windows below this many rows are told by a p-value.
        wasserstein: The distance, in standard deviations, above which a change matters.
        missing: The change of the share of missing values, 0 to 1, above which it matters.
        category: The change of a category's share, 0 to 1, above which it matters.
        tests: By column, where it is another than its rows and kind ask for.
    """

    alpha: float = 0.01
    psi: float = 0.1
    small: int = 1000
    wasserstein: float = 0.1
    missing: float = 0.03
    category: float = 0.04
    tests: Mapping[str, Choice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one column lies from its reference.

    Args:
        threshold: A p-value drifts below it, an index, a distance or a change above.
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
    tests = [_tests(each, rows, limits) for each in references]
    by_chance = _by_chance(pairs, tests, limits)
    found = []
    for place, pair in enumerate(pairs):
        # Each column has its share of the chance, which its tests divide.
        alpha = limits.alpha / len(pairs) / len(tests[place])
        sized = [_measured(name, pair, limits, alpha) for name in tests[place] if name in MEASURES]
        found.append(_shift(pair, [*by_chance.get(place, ()), *sized]))
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


def _tests(reference: Reference, rows: int, limits: Limits) -> list[str]:
    """The tests of a column, the one that is told of where none drifts first.

    Raises:
        ConfigError: Its kind has none of the name that is asked for.
    """
    asked = limits.tests.get(reference.name, "auto")
    if asked in ("wasserstein", "ks") and not reference.numeric:
        raise _unfit(reference.name, asked, "categories", "psi and chi-square")
    if asked == "chi-square" and reference.numeric:
        raise _unfit(reference.name, asked, "numbers", "psi, wasserstein and ks")
    values: list[str] = [asked]
    if asked == "auto" and rows < limits.small:
        values = ["ks" if reference.numeric else "chi-square"]
    elif asked == "auto":
        values = ["psi", *_finite(limits, "wasserstein" if reference.numeric else "category")]
    return [*values, *_finite(limits, "missing")]


def _finite(limits: Limits, name: str) -> list[str]:
    return [name] if np.isfinite(getattr(limits, name)) else []


def _unfit(column: str, asked: str, kind: str, fit: str) -> ConfigError:
    return ConfigError(
        f"Run config key 'monitoring.tests': '{column}' holds {kind}, for which there is no "
        f"{asked}: {fit} are there, and auto."
    )


def _by_chance(
    pairs: Sequence[Pair], tests: Sequence[Sequence[str]], limits: Limits
) -> dict[int, list[Statistic]]:
    """The p-values of those columns that are told by one, corrected together."""
    places = [place for place, names in enumerate(tests) if names[0] in P_VALUES]
    if not places:
        return {}
    # Their share of the columns has that share of the chance; missing values may take a part.
    alpha = limits.alpha * len(places) / len(pairs) / len(tests[places[0]])
    values = np.array([p_value(*pairs[place]) for place in places])
    held = zip(places, values.tolist(), holm(values, alpha).tolist(), strict=True)
    return {
        place: [Statistic(P_VALUES[tests[place][0]], value, threshold)]
        for place, value, threshold in held
    }


def _measured(name: str, pair: Pair, limits: Limits, alpha: float) -> Statistic:
    return MEASURES[name](*pair, getattr(limits, name), alpha)


def _shift(pair: Pair, tests: Sequence[Statistic]) -> Shift:
    """By the test that is furthest beyond its threshold, or the first where none is beyond."""
    reference, now = pair
    drifted = [each for each in tests if each.drifted]
    told = max(drifted, key=lambda each: beyond(each.test, each.value, each.threshold),
               default=tests[0])  # fmt: skip
    rows = max(int(now.sum()), 1)
    return Shift(
        column=reference.name,
        test=told.test,
        value=told.value,
        threshold=told.threshold,
        drifted=bool(drifted),
        missing=float(now[-1]) / rows,
        missing_before=reference.missing / max(reference.rows, 1),
        unseen=0.0 if reference.numeric else float(now[-2]) / rows,
    )
