"""One test of one column: what it came to, and the threshold that it is held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Test = Literal[
    "KS p-value",
    "chi-square p-value",
    "PSI",
    "Wasserstein",
    "missing share (z test)",
    "category share (z test)",
]
# Those whose value is the change of a share, 0 to 1.
SHARES = ("missing share (z test)", "category share (z test)")
# Those that grow with the shift; a p-value falls.
DISTANCES = ("PSI", "Wasserstein", *SHARES)


@dataclass(frozen=True, slots=True)
class Statistic:
    """What a test came to.

    Args:
        threshold: A p-value drifts below it, all others above.
    """

    test: Test
    value: float
    threshold: float

    @property
    def drifted(self) -> bool:
        """Whether it lies beyond its threshold."""
        if self.test in DISTANCES:
            return self.value > self.threshold
        return self.value < self.threshold


def beyond(test: str, value: float, threshold: float) -> float:
    """How far beyond its threshold a value is, whichever way its test counts; 1 is upon it."""
    if test in DISTANCES:
        return value / threshold
    return threshold / max(value, 1e-300)


def figure(test: str, value: float) -> str:
    """A test's value or threshold as people read it: a change of a share in points."""
    return f"{100 * value:.3g} points" if test in SHARES else f"{value:.3g}"
