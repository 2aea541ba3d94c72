"""The reference profile: what the training rows looked like, in counts small enough to keep.

A profile holds no row and no value of a sensitive column. A window of logged rows is counted into
the same bins, so that neither side is ever needed whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.schema import Column, TableSchema

if TYPE_CHECKING:
    from pandas import DataFrame

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

# Quantiles of the training rows between which values are counted.
BINS = 100
# Its name beside a registered version.
PROFILE = "profile.json"
SCORE = "score"
LABEL = "label"


@dataclass(frozen=True, slots=True)
class Reference:
    """How one column of the training rows, or of the model's answers, was spread.

    Args:
        edges: Of a number the edges between its bins, each bin open to the left; empty for
            categories.
        counts: Rows a bin; of categories one a category and the last for unseen ones.
        missing: Rows without a value.
        deviation: Of a number its standard deviation; zero where an older profile has none.
    """

    name: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int = 0
    deviation: float = 0.0

    @property
    def numeric(self) -> bool:
        """Whether its bins have an order."""
        return bool(self.edges) or len(self.counts) == 1

    @property
    def rows(self) -> int:
        """All rows, those without a value too."""
        return sum(self.counts) + self.missing


@dataclass(frozen=True, slots=True)
class Profile:
    """The columns that a model reads and the answers that it gives, as training saw them.

    Args:
        answers: The class shares under the name 'label', and one score a class; of two classes the
            second.
    """

    columns: tuple[Reference, ...]
    answers: tuple[Reference, ...]

    def to_json(self) -> bytes:
        """The same bytes for the same profile."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, data: bytes | str) -> Profile:
        """Read what `to_json` wrote."""
        fields = orjson.loads(data)
        return cls(_references(fields["columns"]), _references(fields["answers"]))


def watched(schema: TableSchema) -> TableSchema:
    """The schema without the sensitive columns, whose values no log holds."""
    return replace(schema, columns=tuple(each for each in schema.columns if not each.sensitive))


def profile_of(rows: DataFrame, scores: NDArray[Any], schema: TableSchema) -> Profile:
    """The profile of training rows and of a model's answers to them.

    Args:
        scores: [rows, classes], each by a model that had not seen the row; NaN where none had.
    """
    from steps.data.encoding import encode_column

    inputs, values = watched(schema), np.empty(len(rows), dtype=np.float32)
    columns = []
    for column in inputs.columns:  # One of them is in memory at a time.
        encode_column(rows, column, inputs, values)
        columns.append(_learn(column, values))
    known = scores[~np.isnan(scores).any(axis=1)].astype(np.float32, copy=False)
    return Profile(tuple(columns), tuple(_answers(known, inputs)))


def learn(matrix: NDArray[np.float32], scores: NDArray[Any], schema: TableSchema) -> Profile:
    """The profile of encoded rows [rows, columns] and of answers [answers, classes].

    Args:
        schema: Of the matrix: `watched`.
    """
    return Profile(references(matrix, schema), tuple(_answers(scores.astype(np.float32), schema)))


def references(matrix: NDArray[np.float32], schema: TableSchema) -> tuple[Reference, ...]:
    """How each column of encoded rows is spread."""
    return tuple(_learn(each, matrix[:, place]) for place, each in enumerate(schema.columns))


def count(references: Sequence[Reference], matrix: NDArray[Any]) -> list[Counts]:
    """Rows a bin of each column of a matrix, the missing ones last."""
    return [_counted(each, matrix[:, place]) for place, each in enumerate(references)]


def count_answers(profile: Profile, scores: NDArray[Any], schema: TableSchema) -> list[Counts]:
    """Answers [rows, classes] in the bins of the profile's."""
    columns = scores
    if schema.classes:
        labels = scores.argmax(axis=1).astype(np.float32)
        columns = np.column_stack([labels, scores[:, _told(schema)]])
    return count(profile.answers, columns)


def _learn(column: Column, values: NDArray[np.float32]) -> Reference:
    if column.kind == "categorical":
        empty = Reference(column.name, (), (0,) * (len(column.categories) + 1))
    else:
        empty = Reference(column.name, _edges(values), ())
    return _filled(empty, values)


def _answers(scores: NDArray[np.float32], schema: TableSchema) -> list[Reference]:
    names = schema.classes or ("prediction",)
    found = [
        _filled(Reference(f"{SCORE} {names[place]}", _edges(values), ()), values)
        for place, values in zip(_told(schema), scores[:, _told(schema)].T, strict=True)
    ]
    if not schema.classes:
        return found
    labels = scores.argmax(axis=1).astype(np.float32)
    return [_filled(Reference(LABEL, (), (0,) * (len(names) + 1)), labels), *found]


def _told(schema: TableSchema) -> list[int]:
    """The scores that say all: of two classes the first one's is what the other leaves."""
    return [1] if len(schema.classes) == 2 else list(range(schema.width))


def _edges(values: NDArray[Any]) -> tuple[float, ...]:
    """Distinct quantiles, so that many equal values share a bin."""
    present = values[~np.isnan(values)]
    if not len(present):
        return ()
    quantiles = np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf")
    return tuple(float(edge) for edge in np.unique(quantiles))


def _filled(reference: Reference, values: NDArray[Any]) -> Reference:
    *counts, missing = _counted(reference, values).tolist()
    spread = float(np.nanstd(values.astype(np.float64))) if reference.edges else 0.0
    return replace(reference, counts=tuple(counts), missing=missing, deviation=spread)


def _counted(reference: Reference, values: NDArray[Any]) -> Counts:
    if reference.edges or not reference.counts or len(reference.counts) == 1:
        # Few edges are found among many sorted values sooner than each value among the edges.
        placed = np.sort(values)
        held = len(placed) - int(np.isnan(placed).sum())
        ends = np.searchsorted(placed[:held], np.asarray(reference.edges), side="right")
        return np.diff(ends, prepend=0, append=[held, len(placed)]).astype(np.int64)
    # Codes: the categories, then unseen, then missing.
    return np.bincount(values.astype(np.int64), minlength=len(reference.counts) + 1)


def _references(items: list[dict[str, Any]]) -> tuple[Reference, ...]:
    return tuple(
        Reference(**{**each, "edges": tuple(each["edges"]), "counts": tuple(each["counts"])})
        for each in items
    )
