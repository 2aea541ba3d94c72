"""A bounded sample of rows that come in chunks and are not kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Sample:
    """At most so many rows of all that came, each with the same chance, by a seed.

    Each row draws a number, and the rows with the smallest ones stay.
    """

    size: int = 0
    seed: int = 0
    _rows: NDArray[np.float32] | None = None
    _keys: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    @property
    def rows(self) -> NDArray[np.float32] | None:
        """The rows that stayed [rows, columns]; None where none came."""
        return self._rows

    def add(self, rows: NDArray[np.float32]) -> None:
        """Let rows [rows, columns] take their chance."""
        if not self.size:
            return
        keys = self._random.random(len(rows))
        if self._rows is not None:
            keys, rows = np.append(self._keys, keys), np.concatenate([self._rows, rows])
        if len(keys) > self.size:
            kept = np.sort(np.argpartition(keys, self.size)[: self.size])
            keys, rows = keys[kept], rows[kept]
        self._keys, self._rows = keys, rows
