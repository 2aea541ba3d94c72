"""The metric over each value of a column, so that a mean cannot hide a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import ConfigError, near_miss
from steps.data.stored import Table
from steps.evaluation.evaluation import Score, SliceScore
from steps.evaluation.intervals import Bootstrap, Groups, interval
from steps.evaluation.metrics import Metric, Targets

Labels = Mapping[str, NDArray[Any]]

MISSING = "(missing)"
# More values than this make a column a measurement, not a grouping.
MOST_VALUES = 100


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows where a column has one value, as a mask."""

    column: str
    value: str
    mask: NDArray[np.bool_]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.mask.sum())


def slice_labels(
    frame: Table, columns: Sequence[str], sensitive: Sequence[str] = ()
) -> dict[str, NDArray[Any]]:
    """The value of each row, as text, in each column to slice by.

    Args:
        sensitive: Columns to slice by beside these without naming their values; one that is a
            measurement, and not a grouping, is passed over.
    """
    labels = {column: _labels(frame, column) for column in columns}
    for column in sensitive:
        if column not in labels and frame[column].nunique() <= MOST_VALUES:
            labels[column] = _numbered(_labels(frame, column))
    return labels


def _labels(frame: Table, column: str) -> NDArray[Any]:
    if column not in frame.columns:
        known = [str(name) for name in frame.columns]
        raise ConfigError(f"There is no column '{column}' to slice by. {near_miss(column, known)}")
    values = frame[column]
    if (distinct := values.nunique()) > MOST_VALUES:
        raise ConfigError(
            f"Column '{column}' has {distinct:,} values, too many to slice by (at most "
            f"{MOST_VALUES}). Name a categorical column in gate.slices."
        )
    texts = values.astype(object).map(str).to_numpy(dtype=object)
    texts[values.isna().to_numpy()] = MISSING
    return np.asarray(texts, dtype=object)


def _numbered(texts: NDArray[Any]) -> NDArray[Any]:
    """Groups by their number in the order of their names."""
    names = sorted(set(texts) - {MISSING})
    numbers = {name: f"group {number}" for number, name in enumerate(names, start=1)}
    return np.asarray([numbers.get(text, MISSING) for text in texts], dtype=object)


def cut(labels: Labels, min_rows: int) -> Iterator[Slice]:
    """Yield the slices that have enough rows, the largest of each column first."""
    for column, values in labels.items():
        names, counts = np.unique(values.astype(str), return_counts=True)
        for position in np.argsort(-counts, kind="stable"):
            if counts[position] >= min_rows:
                name = str(names[position])
                yield Slice(column, name, values == name)


def within(groups: Groups | None, mask: NDArray[np.bool_]) -> Groups | None:
    """The groups of the rows of a slice, coded without gaps."""
    if groups is None:
        return None
    codes: Groups = np.unique(groups[mask], return_inverse=True)[1].astype(np.int64)
    return codes


def slice_scores(
    metric: Metric,
    y: Targets,
    scores: NDArray[Any],
    labels: Labels,
    min_rows: int,
    bootstrap: Bootstrap,
    groups: Groups | None = None,
) -> tuple[SliceScore, ...]:
    """One model's metric, with rows and interval, in every slice that has enough rows."""
    return tuple(
        SliceScore(
            column=part.column,
            value=part.value,
            rows=part.rows,
            score=Score.of(
                metric.name,
                interval(
                    metric,
                    y[part.mask],
                    scores[part.mask],
                    bootstrap,
                    within(groups, part.mask),
                ),
            ),
        )
        for part in cut(labels, min_rows)
    )
