"""Bootstrap intervals for one model, and paired ones for the difference of two.

Percentile intervals of Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13
and 16. In a paired interval both models are measured on the same resamples of the same rows, so
that what is hard about a row cancels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steps.evaluation.metrics import Floats, Metric, Targets

Groups = NDArray[np.int64]

# Counts held at once: 32 MiB of float64, however many rows there are.
CELLS = 4_194_304
# Of more units than these a resample is drawn a block at a time: its counts stay in the cache.
LARGE, BLOCK = 1 << 18, 1 << 16
# An interval is told only where most resamples could be measured.
DEFINED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How intervals are drawn.

    Args:
        confidence: The share of the resamples that lies inside an interval.
        seed: The same seed draws the same resamples of the same number of rows.
    """

    resamples: int = 1000
    confidence: float = 0.95
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its interval; NaN bounds where too few resamples could be measured."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether the value and both bounds are defined."""
        return bool(np.isfinite([self.value, self.low, self.high]).all())


def draws(rows: int, bootstrap: Bootstrap, groups: Groups | None = None) -> Iterator[Floats]:
    """Yield the counts of seeded resamples, some resamples at a time.

    Args:
        groups: The group of each row, coded 0 to G-1. Groups are then drawn whole, because rows of
            one group are no independent witnesses (the cluster bootstrap; Davison and Hinkley,
            Bootstrap Methods and their Application, 1997, section 3.8).
    """
    units = rows if groups is None else int(groups.max(initial=-1)) + 1
    random = np.random.default_rng(bootstrap.seed)
    size = max(1, CELLS // max(rows, 1))
    for start in range(0, bootstrap.resamples, size):
        count = min(size, bootstrap.resamples - start)
        counts = _draw(random, count, units)
        yield counts if groups is None else counts[:, groups]


def _draw(random: np.random.Generator, resamples: int, units: int) -> Floats:
    """How often each of as many draws as there are units hit each unit."""
    counts = np.empty((resamples, units))
    for row in counts:
        if units > LARGE:
            _draw_blocks(random, row)
        else:
            row[:] = np.bincount(random.integers(0, units, size=units), minlength=units)
    return counts


def _draw_blocks(random: np.random.Generator, counts: Floats) -> None:
    """The same distribution: how many of the draws hit each block, and then where in it."""
    starts = np.arange(0, len(counts), BLOCK)
    sizes = np.diff(starts, append=len(counts))
    hits = random.multinomial(len(counts), sizes / len(counts))
    for start, size, hit in zip(starts, sizes, hits, strict=True):
        places = random.integers(0, size, size=hit)
        counts[start : start + size] = np.bincount(places, minlength=size)


def distributions(
    metrics: Sequence[Metric],
    y: Targets,
    models: Sequence[NDArray[Any]],
    bootstrap: Bootstrap,
    groups: Groups | None = None,
) -> Floats:
    """Each metric of each model on the same resamples: [models, metrics, resamples]."""
    wide = [np.asarray(scores, dtype=np.float64) for scores in models]
    prepared = [[metric.prepared(y, scores) for metric in metrics] for scores in wide]
    chunks = [
        [[measure(counts) for measure in of_model] for of_model in prepared]
        for counts in draws(len(y), bootstrap, groups)
    ]
    return np.concatenate([np.asarray(chunk) for chunk in chunks], axis=2)


def intervals(
    metrics: Sequence[Metric],
    y: Targets,
    models: Sequence[NDArray[Any]],
    bootstrap: Bootstrap,
    groups: Groups | None = None,
) -> list[list[Interval]]:
    """The interval of each metric, for each model in its order."""
    drawn = distributions(metrics, y, models, bootstrap, groups)
    return [
        [
            percentile(metric.function(y, scores), values, bootstrap.confidence)
            for metric, values in zip(metrics, of_model, strict=True)
        ]
        for scores, of_model in zip(models, drawn, strict=True)
    ]


def interval(
    metric: Metric,
    y: Targets,
    scores: NDArray[Any],
    bootstrap: Bootstrap,
    groups: Groups | None = None,
) -> Interval:
    """One metric's interval for one model."""
    return intervals([metric], y, [scores], bootstrap, groups)[0][0]


def paired_interval(
    metric: Metric,
    y: Targets,
    challenger: NDArray[Any],
    champion: NDArray[Any],
    bootstrap: Bootstrap,
    groups: Groups | None = None,
) -> Interval:
    """The interval of the challenger's improvement; positive means that it is better."""
    drawn = distributions([metric], y, [challenger, champion], bootstrap, groups)[:, 0]
    seen = np.array([[metric.function(y, challenger)], [metric.function(y, champion)]])
    value = float(metric.improvement(seen[0], seen[1])[0])
    return percentile(value, metric.improvement(drawn[0], drawn[1]), bootstrap.confidence)


def percentile(value: float, values: Floats, confidence: float) -> Interval:
    """The interval that holds the middle share of the resamples that could be measured."""
    defined = values[np.isfinite(values)]
    if len(defined) < max(1, DEFINED_SHARE * len(values)):
        return Interval(value, np.nan, np.nan)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return Interval(value, float(low), float(high))
