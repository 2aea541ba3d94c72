"""Intervals drawn on an axis that they share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from steps.evaluation.evaluation import Score
from steps.evaluation.numbers import limit as told_limit
from steps.evaluation.numbers import show
from steps.pages.page import span


@dataclass(frozen=True, slots=True)
class Plot:
    """One interval on an axis that its neighbours share; places in per cent of the width."""

    value: float
    low: float | None
    high: float | None
    limit: float | None
    limit_text: str
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """The numbers at the left and the right end of a plot."""

    left: float
    right: float

    @classmethod
    def around(cls, numbers: Iterable[float | None]) -> Axis:
        """An axis that holds all of these numbers with some room."""
        held = [number for number in numbers if number is not None] or [0.0]
        room = 0.06 * (max(held) - min(held)) or 0.5
        return cls(min(held) - room, max(held) + room)

    @classmethod
    def of(cls, scores: Iterable[Score], *more: float) -> Axis:
        """An axis that holds all of these scores with their intervals."""
        held = [number for each in scores for number in (each.low, each.value, each.high)]
        return cls.around([*held, *more])

    def place(self, number: float) -> float:
        """Where a number lies, in per cent from the left."""
        return round(100 * (number - self.left) / (self.right - self.left), 2)

    def plot(self, score: Score | None, limit: float | None = None) -> Plot | None:
        """A score drawn on this axis; None where it is undefined."""
        if score is None or score.value is None:
            return None
        low, high = score.low, score.high
        known = low is not None and high is not None
        return Plot(
            value=self.place(score.value),
            low=self.place(low) if known and low is not None else None,
            high=self.place(high) if known and high is not None else None,
            limit=None if limit is None else self.place(limit),
            limit_text=told_limit(limit),
            label=f"{score.metric} {show(score.value)}, {span(score)}",
        )
