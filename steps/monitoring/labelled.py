"""The answers whose label came: of each what the metric and its slices need, and no more."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.schema import TableSchema
from serving.shipping.columns import EPOCH, microseconds
from steps.monitoring.part import Labels, Row, scores_of


@dataclass
class Labelled:
    """Labelled answers by column; a row takes some dozens of bytes.

    Args:
        slices: The columns whose values are kept.
        times: When each was answered, in microseconds since 1970.
        matched: The labels that were met, by request id and row.
    """

    slices: Sequence[str] = ()
    times: array[int] = field(default_factory=lambda: array("q"))
    labels: list[object] = field(default_factory=list)
    matched: set[tuple[str, int]] = field(default_factory=set)
    _scores: list[NDArray[np.float32]] = field(default_factory=list)
    _values: dict[str, list[Any]] = field(default_factory=dict)
    # One object of each value, however many rows have it.
    _known: dict[Any, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def add(self, rows: Iterable[Row], labels: Labels, schema: TableSchema) -> None:
        """Keep what is needed of rows whose labels are known.

        A retried request is logged twice under one id: one label is one witness.
        """
        scores: list[NDArray[np.float32]] = []
        for row in rows:
            key = row["id"], row["row"]
            if key in self.matched:
                continue
            self.matched.add(key)
            self.labels.append(labels[key])
            self.times.append(microseconds(row["time"]))
            scores.append(scores_of([row], schema))
            for name in self.slices:
                value = row["features"].get(name)
                held = self._known.setdefault((type(value), value), value)
                self._values.setdefault(name, []).append(held)
        if scores:
            self._scores.append(np.concatenate(scores))

    def scores(self, schema: TableSchema) -> NDArray[np.float32]:
        """What was answered [rows, classes], in the order of time."""
        held = self._scores or [np.empty((0, schema.width), dtype=np.float32)]
        return np.concatenate(held)[self._order]

    def frame(self, target: str) -> pd.DataFrame:
        """The labels under the target's name and the slices' columns, in the order of time."""
        there = {name: held for name, held in self._values.items() if set(held) != {None}}
        columns = {**there, target: self.labels}
        return pd.DataFrame(columns).take(self._order).reset_index(drop=True)

    def time(self, place: int) -> datetime:
        """When a row was answered, by its place in the order of time."""
        moment = int(np.asarray(self.times)[self._order[place]])
        return EPOCH + timedelta(microseconds=moment)

    @property
    def _order(self) -> NDArray[np.int64]:
        return np.argsort(np.asarray(self.times), kind="stable")
