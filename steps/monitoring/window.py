"""A window of the prediction log, counted as it is read and never held whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from serving.schema import TableSchema
from steps.inference.rows import encode_rows
from steps.monitoring.labelled import Labelled
from steps.monitoring.part import Labels, Part
from steps.monitoring.profile import Counts, Profile, count, count_answers, watched
from steps.monitoring.sample import Sample


@dataclass
class Window:
    """What the rows of a window add up to.

    Args:
        columns: Rows a bin of each watched column, all versions' rows.
        answers: Rows a bin of the champion's answers.
        versions: Rows by the version that answered.
        labelled: The champion's answers whose label came.
        sample: Some of the rows, encoded, where any are wanted.
    """

    columns: list[Counts] = field(default_factory=list)
    answers: list[Counts] = field(default_factory=list)
    versions: Counter[str] = field(default_factory=Counter)
    labelled: Labelled = field(default_factory=Labelled)
    sample: Sample = field(default_factory=Sample)

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.versions.values())


def gather(
    log: Iterable[Part],
    profile: Profile,
    schema: TableSchema,
    version: str,
    labels: Labels,
    *,
    sampled: int = 0,
    slices: Sequence[str] = (),
    seen: Callable[[Window], None] = lambda _: None,
) -> Window:
    """Count the rows of a log into the bins of a profile, and keep those whose label came.

    Args:
        log: With the columns of `watched`.
        version: The champion's, whose answers are watched.
        labels: By request id and row.
        sampled: At most so many rows are kept, encoded.
        slices: The columns whose values are kept of labelled rows.
        seen: Is shown the window as far as it has come, again and again.
    """
    window = Window(sample=Sample(sampled), labelled=Labelled(slices))
    inputs = watched(schema)
    for part in log:
        matrix, _ = encode_rows(part.features, inputs)
        window.sample.add(matrix)
        window.columns = _added(window.columns, count(profile.columns, matrix))
        versions = part.versions
        window.versions.update(versions.tolist())
        own = np.asarray(versions == version, dtype=np.bool_)
        if own.any():
            scores = part.scores(own)
            window.answers = _added(window.answers, count_answers(profile, scores, schema))
            window.labelled.add(part.labelled(own, labels, slices), labels, schema)
        seen(window)
    return window


def labels_of(table: pd.DataFrame, target: str, key: str = "id", place: str = "row") -> Labels:
    """Labels by request id and row; a request of one row needs no row. The last one counts.

    Raises:
        DataError: The table has no column of ids or of labels.
    """
    from steps.data.settings import refuse_absent

    refuse_absent([key, target], [str(name) for name in table.columns], "--labels")
    known = table.dropna(subset=[key, target])
    rows = known[place].astype(int) if place in known.columns else [0] * len(known)
    return {
        (str(id_), int(row)): label
        for id_, row, label in zip(known[key], rows, known[target], strict=True)
    }


def _added(total: list[Counts], more: list[Counts]) -> list[Counts]:
    return [a + b for a, b in zip(total, more, strict=True)] if total else more
