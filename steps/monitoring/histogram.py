"""How a column was spread before and is now, as bars that a page can draw."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from serving.schema import Column
from steps.evaluation.numbers import limit
from steps.monitoring.profile import Counts, Reference

Floats = NDArray[np.float64]

# Bars between the outer quantiles of a number, and categories that have a bar of their own.
BARS = 20
CATEGORIES = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One group of values; shares of all rows, 0 to 1."""

    label: str
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """The bars of one column.

    Args:
        named: Whether each bar is a value of its own, rather than a range of numbers.
        ticks: Of ranges: places on the axis, in per cent from the left, with their labels.
    """

    bars: tuple[Bar, ...]
    named: bool
    ticks: tuple[tuple[float, str], ...] = ()

    @property
    def highest(self) -> float:
        """The largest share."""
        return max((share for bar in self.bars for share in (bar.before, bar.now)), default=0.0)


def histogram(
    reference: Reference, now: Counts, categories: Sequence[str] = (), column: Column | None = None
) -> Histogram:
    """The bars of a column, from counts alone.

    Args:
        now: Rows a bin of the window, the missing ones last.
        categories: The names behind the bins of a categorical column.
        column: The column, whose times are told as dates.
    """
    before = np.append(reference.counts, reference.missing).astype(np.float64)
    shares = (before / max(before.sum(), 1), now / max(now.sum(), 1))
    if categories:
        return Histogram(_values([*categories, "new", "missing"], *shares), named=True)
    edges = reference.edges
    if len(edges) <= CATEGORIES:
        labels = _named(edges, column)
        labels.append(f"above {told(edges[-1], column)}" if edges else "any value")
        return Histogram(_kept([*labels, "missing"], *shares), named=True)
    return _ranges(np.asarray(edges), *shares, column)


def _named(edges: Sequence[float], column: Column | None) -> list[str]:
    """What the bins are called that end at these edges: a whole number alone by itself."""
    whole = column is not None and column.dtype == "int64"
    first = column.minimum if column is not None else None
    before = [first - 1 if first is not None else float("-inf"), *edges]
    return [
        told(edge, column) if whole and edge - last <= 1 else f"to {told(edge, column)}"
        for last, edge in zip(before, edges, strict=False)
    ]


def told(number: float, column: Column | None) -> str:
    """A value of a column as a person reads it."""
    if column is None or column.kind != "datetime" or column.origin is None:
        rounded = float(f"{number:.4g}" if abs(number) >= 1000 else f"{number:.3g}")
        return f"{rounded:,.0f}" if 10_000 <= abs(rounded) < 1e9 else limit(rounded)
    return f"{datetime.fromisoformat(column.origin) + timedelta(days=number):%Y-%m-%d}"


def _kept(labels: Sequence[str], before: Floats, now: Floats) -> tuple[Bar, ...]:
    """A bar for each group that either side holds."""
    rows = zip(labels, before.tolist(), now.tolist(), strict=True)
    return tuple(Bar(*row) for row in rows if row[1] or row[2])


def _values(labels: Sequence[str], before: Floats, now: Floats) -> tuple[Bar, ...]:
    """The most frequent categories by name, the others as one; new and missing ones last."""
    count = len(labels) - 2
    order = np.argsort(-np.maximum(before, now)[:count], kind="stable")
    kept, rest = order[:CATEGORIES].tolist(), order[CATEGORIES:]
    places = [*kept, count, count + 1]
    names = [labels[place] for place in places]
    sides = [side[places] for side in (before, now)]
    if len(rest):
        names.insert(len(kept), f"{len(rest)} others")
        sides = [
            np.insert(side, len(kept), whole[rest].sum())
            for side, whole in zip(sides, (before, now), strict=True)
        ]
    return _kept(names, *sides)


def _ranges(edges: Floats, before: Floats, now: Floats, column: Column | None) -> Histogram:
    """Bars of one width between the outer quantiles, one beyond each, and missing values last."""
    low, high = float(edges[0]), float(edges[-1])
    cuts = np.linspace(low, high, BARS + 1)
    sides = [_spread(edges, cuts, side) for side in (before, now)]
    within = [f"{told(a, column)} to {told(b, column)}" for a, b in itertools.pairwise(cuts)]
    labels = [f"to {told(low, column)}", *within, f"above {told(high, column)}", "missing"]
    rows = list(zip(labels, *(side.tolist() for side in sides), strict=True))
    if not (rows[-1][1] or rows[-1][2]):
        rows.pop()
    width = 100 / len(rows)
    places = (0, 2 * BARS // 5, 4 * BARS // 5)
    ticks = [(round((1 + place) * width, 2), told(cuts[place], column)) for place in places]
    if len(rows) > BARS + 2:
        ticks.append((100.0, "missing"))
    return Histogram(tuple(Bar(*row) for row in rows), named=False, ticks=tuple(ticks))


def _spread(edges: Floats, cuts: Floats, shares: Floats) -> Floats:
    """Shares of quantile bins as those of other bins: within each, rows lie evenly."""
    inner = np.append(0.0, np.cumsum(shares[1:-2]))
    found = np.diff(np.interp(cuts, edges, inner))
    return np.concatenate([shares[:1], found, shares[-2:]])
