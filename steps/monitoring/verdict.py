"""The verdict on a window, as artifacts."""

from datetime import datetime
from typing import Literal

from steps.config import Settings
from steps.evaluation.evaluation import Score, SliceScore

Outcome = Literal["ok", "drift", "degraded", "too few rows"]


class ColumnShift(Settings):
    """How far a column, or the model's answers, lie from the reference profile.

    Args:
        test: A p-value drifts below its threshold, all others above.
        value: Of the z tests the change of the share, 0 to 1.
        missing: The share of missing values in the window, 0 to 1.
        unseen: The share of categories in the window that training did not hold, 0 to 1.
    """

    column: str
    test: str
    value: float
    threshold: float
    drifted: bool
    missing: float
    missing_before: float
    unseen: float


class Performance(Settings):
    """The metric over the labelled rows of the window against the held-out rows of the training.

    Args:
        drop: How much worse it is now; its lower bound decides.
        allowed: What the lower bound of the drop may reach.
        changed: When the error was first seen to have risen; empty when it was not.
    """

    rows: int
    now: Score
    before: Score
    drop: Score
    allowed: float
    degraded: bool
    changed: str = ""
    slices: tuple[SliceScore, ...] = ()


class Verdict(Settings):
    """What a window says of the champion.

    Args:
        rows: All rows of the window.
        answered: Those of them that the champion answered.
        unmatched: Labels whose request is not in the window.
        reasons: In words and numbers, the deciding one first.
        report: Where Evidently's page lies; empty where there is none.
        unreported: Why there is none, where one was wanted.
    """

    outcome: Outcome
    model: str
    version: str
    since: datetime
    until: datetime
    rows: int
    answered: int
    columns: tuple[ColumnShift, ...] = ()
    answers: tuple[ColumnShift, ...] = ()
    performance: Performance | None = None
    labelled: int = 0
    unmatched: int = 0
    reasons: tuple[str, ...]
    report: str = ""
    unreported: str = ""

    @property
    def drifted(self) -> tuple[str, ...]:
        """The columns that drifted."""
        return tuple(each.column for each in self.columns if each.drifted)
