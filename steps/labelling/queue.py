"""The rows of a log that are most worth labelling, found in one pass and never held whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from serving.errors import DataError
from serving.schema import TableSchema
from steps.inference.rows import encode_rows
from steps.labelling.diversity import FACTOR, coordinates, pick
from steps.labelling.doubt import Matrix, margin_doubt, oddness
from steps.labelling.pool import Entries, Pool
from steps.labelling.settings import QueueSettings
from steps.monitoring.part import Labels, Row, chunks, scores_of
from steps.monitoring.profile import Floats, Profile, watched

# A doubt of nothing would weigh nothing.
LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Pick:
    """A row to be labelled.

    Args:
        row: As the log holds it.
        score: How much its label would tell.
        reason: Why it was chosen, for whoever labels it.
    """

    row: Row
    score: float
    reason: str


@dataclass
class Search:
    """A pass over a log.

    Args:
        version: The champion's: what another one doubted says nothing of it.
        labels: Those that have come, by request id and row.
        versions: Rows by the version that answered.
        labelled: The champion's rows that have a label.
    """

    profile: Profile
    schema: TableSchema
    version: str
    labels: Labels
    settings: QueueSettings
    versions: Counter[str] = field(default_factory=Counter)
    labelled: int = 0

    def __post_init__(self) -> None:
        self.inputs = watched(self.schema)
        self.pool = Pool(FACTOR * self.settings.count, self.settings.seed)

    def through(self, log: Iterable[Row]) -> Search:
        """Look at every row of a log."""
        for rows in chunks(log):
            self.versions.update(row["version"] for row in rows)
            own = [row for row in rows if row["version"] == self.version]
            if own:
                self._look(own)
        return self

    def leave_out(self, features: Sequence[Mapping[str, object]]) -> None:
        """Ask for no row that is like these: they were labelled, in whichever window."""
        if features:
            self.pool.drop(self.pool.keys(self.encoded(features)))

    def picks(self) -> list[Pick]:
        """The rows to label, those that tell most first.

        Raises:
            DataError: There are fewer than were asked for.
        """
        entries = self.pool.entries
        if entries is None or len(entries.rows) < self.settings.count:
            raise DataError(self._too_few(len(entries.rows) if entries else 0))
        worth = np.maximum(entries.doubts, LEAST)
        points = coordinates(entries.matrix, self.profile)
        places, sizes = pick(points, worth, self.settings.count, self.settings.seed)
        order = np.lexsort((entries.keys[places], -entries.doubts[places]))
        return [self._pick(entries, int(places[each]), int(sizes[each])) for each in order]

    def _look(self, rows: list[Row]) -> None:
        matrix = self.encoded([row["features"] for row in rows])
        keys = self.pool.keys(matrix)
        known = np.array([(row["id"], row["row"]) in self.labels for row in rows])
        self.labelled += int(known.sum())
        if known.any():
            self.pool.drop(keys[known])
        odd = oddness(matrix, self.profile, self.inputs)
        entries = Entries(rows, keys, self._doubts(rows, odd), matrix, odd)
        if not known.all():
            self.pool.add(entries.take(np.flatnonzero(~known)))

    def encoded(self, features: Sequence[Mapping[str, object]]) -> Matrix:
        """Rows as the model reads them, without the sensitive columns."""
        frame = pd.DataFrame(list(features), columns=list(self.inputs.names))
        return encode_rows(frame, self.inputs)[0]

    def _doubts(self, rows: list[Row], odd: Floats) -> Floats:
        if self.schema.classes:
            return margin_doubt(scores_of(rows, self.schema))
        sums: Floats = odd.sum(axis=1)
        return sums

    def _pick(self, entries: Entries, place: int, size: int) -> Pick:
        row, odd = entries.rows[place], entries.odd[place]
        alike = f"; {size - 1} more like it" if size > 1 else ""
        why = _between(row, self.schema) if self.schema.classes else _far(odd, self.inputs)
        return Pick(row, float(entries.doubts[place]), why + alike)

    def _too_few(self, found: int) -> str:
        rows, answered = sum(self.versions.values()), self.versions[self.version]
        if not rows:
            return "The prediction log holds no row of this window: name a longer one with --since."
        told = (
            f"The window holds {found} different rows without a label, and {self.settings.count} "
            f"were asked for: {rows:,} rows, {answered:,} of them answered by the champion "
            f"(version {self.version}), {self.labelled:,} of those labelled."
        )
        fewer = f"--count {found}, or " if found else ""
        return f"{told} Ask for {fewer}a longer window with --since."


def _between(row: Row, schema: TableSchema) -> str:
    """The two likeliest classes."""
    scores = np.asarray(row["scores"], dtype=np.float64)
    first, second = np.argsort(-scores, kind="stable")[:2]
    names = schema.classes
    return f"{names[first]} ({scores[first]:.2f}) or {names[second]} ({scores[second]:.2f})"


def _far(odd: Floats, inputs: TableSchema) -> str:
    """The columns that lie farthest out in the training rows."""
    most = [inputs.names[place] for place in np.argsort(-odd, kind="stable")[:2]]
    return f"unlike the training rows in {' and '.join(most)}"
