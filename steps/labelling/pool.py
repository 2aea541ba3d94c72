"""A bounded pool of the rows that a label would tell most about."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from steps.labelling.doubt import Matrix
from steps.monitoring.part import Row
from steps.monitoring.profile import Floats

Keys = NDArray[np.uint64]


@dataclass(slots=True)
class Entries:
    """Rows side by side.

    Args:
        keys: Equal for rows that a model cannot tell apart.
        doubts: How much a label of each would tell.
        odd: What each column adds to a row's oddness, [rows, columns].
    """

    rows: list[Row]
    keys: Keys
    doubts: Floats
    matrix: Matrix
    odd: Floats

    def take(self, places: NDArray[np.int64]) -> Entries:
        """The entries at these places, in that order."""
        return Entries(
            [self.rows[place] for place in places],
            self.keys[places],
            self.doubts[places],
            self.matrix[places],
            self.odd[places],
        )

    def joined(self, more: Entries) -> Entries:
        """These entries and others behind them."""
        return Entries(
            [*self.rows, *more.rows],
            np.concatenate([self.keys, more.keys]),
            np.concatenate([self.doubts, more.doubts]),
            np.concatenate([self.matrix, more.matrix]),
            np.concatenate([self.odd, more.odd]),
        )


@dataclass
class Pool:
    """The rows of most doubt of all that came: one of each kind, and no more than `size`.

    Args:
        seed: Decides between equal doubts, whatever the order in which rows come.
    """

    size: int
    seed: int
    entries: Entries | None = None
    done: set[int] = field(default_factory=set)

    def keys(self, matrix: Matrix) -> Keys:
        """One number a row, the same for rows that a model cannot tell apart."""
        salt = self.seed.to_bytes(8, "little")
        found = (blake2b(row.tobytes(), digest_size=8, salt=salt).digest() for row in matrix)
        return np.frombuffer(b"".join(found), dtype="<u8").astype(np.uint64)

    def add(self, entries: Entries) -> None:
        """Let rows take their chance."""
        joined = self.entries.joined(entries) if self.entries else entries
        _, first = np.unique(joined.keys, return_index=True)
        first = np.array([place for place in first if int(joined.keys[place]) not in self.done])
        if len(first):
            order = np.lexsort((joined.keys[first], -joined.doubts[first]))[: self.size]
            self.entries = joined.take(first[order])
        else:
            self.entries = None

    def drop(self, keys: Keys) -> None:
        """Take out rows of these kinds, and let none in from now on: they have a label."""
        self.done.update(keys.tolist())
        if self.entries:
            held = self.entries
            self.entries = None
            self.add(held)
