"""The median of a few measurements, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Spread:
    """What repeated measurements of one thing came to."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        low, high = min(values), max(values)
        return cls(*(round(value, DIGITS) for value in (median(values), low, high)))


def ratios(values: Sequence[float], reference: Sequence[float]) -> Spread:
    """How many times the reference the values are, round by round.

    A round's two values were measured beside each other, so that what else the machine did in
    that minute weighs on both.
    """
    return Spread.of([value / other for value, other in zip(values, reference, strict=True)])
