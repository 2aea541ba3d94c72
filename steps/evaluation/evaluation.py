"""The artifacts of the evaluation: what was measured and what was decided."""

from typing import Literal

from pydantic import Field, JsonValue

from serving.schema import Task
from steps.config import Settings
from steps.evaluation.intervals import Interval

Outcome = Literal["promote", "refuse", "unchanged"]
Against = Literal["champion", "baseline", "nothing"]
SliceVerdict = Literal["no limit", "ok", "below floor", "dropped"]


class Score(Settings):
    """A metric's value and its interval; None where the rows leave it undefined."""

    metric: str
    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, metric: str, interval: Interval) -> "Score":
        """Keep an interval, with None for what is not a number."""
        numbers = (interval.value, interval.low, interval.high)
        # A number is equal to itself; NaN is not, and JSON has no word for it.
        value, low, high = (number if number == number else None for number in numbers)
        return cls(metric=metric, value=value, low=low, high=high)


class SliceScore(Settings):
    """The metric over the held-out rows where a column has one value.

    Args:
        rival: The same metric of the champion or the baseline.
        improvement: How much better than the rival; positive is better.
    """

    column: str
    value: str
    rows: int
    score: Score
    rival: float | None = None
    improvement: Score | None = None
    verdict: SliceVerdict = "no limit"


class Evaluation(Settings):
    """One candidate, measured on the held-out rows.

    Args:
        cv_scores: The score of each fold inside the training rows, which choose the challenger.
        seconds: How long training took.
    """

    candidate: str
    kind: str
    digest: str
    rows: int
    scores: tuple[Score, ...]
    slices: tuple[SliceScore, ...] = ()
    cv_scores: tuple[float, ...] = ()
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    seconds: float = 0.0

    @property
    def cv_score(self) -> float:
        """The mean over the folds; minus infinity where none was scored."""
        return sum(self.cv_scores) / len(self.cv_scores) if self.cv_scores else float("-inf")

    def score(self, metric: str) -> Score:
        """The score of that metric; KeyError when it was not measured."""
        for score in self.scores:
            if score.metric == metric:
                return score
        raise KeyError(metric)


class Evaluations(Settings):
    """Every candidate on the same held-out rows.

    Args:
        metric: The metric that decides.
        challenger: The candidate that cross-validation inside the training rows put first; no
            held-out row took part in that choice.
        rows_digest: The digest of the held-out rows, by which two runs know that they split alike.
    """

    task: Task
    metric: str
    higher_is_better: bool
    rows: int
    rows_digest: str = ""
    confidence: float
    challenger: str
    candidates: tuple[Evaluation, ...]

    def of(self, candidate: str) -> Evaluation:
        """The evaluation of that candidate; KeyError when there is none."""
        for evaluation in self.candidates:
            if evaluation.candidate == candidate:
                return evaluation
        raise KeyError(candidate)


class Decision(Settings):
    """Whether the challenger becomes champion, and why.

    Args:
        against: What the challenger was measured against.
        champion: The champion's version in the registry; empty when there was none.
        rows: The held-out rows that both sides were measured on.
        required: What the lower bound of the improvement had to exceed.
        improvement: The paired interval; positive means that the challenger is better.
        reasons: In words and numbers, the deciding one first.
    """

    outcome: Outcome
    against: Against
    metric: str
    challenger: str
    challenger_digest: str
    champion: str = ""
    champion_digest: str = ""
    rows: int = 0
    required: float = 0.0
    confidence: float = 0.95
    challenger_score: Score | None = None
    rival_score: Score | None = None
    improvement: Score | None = None
    slices: tuple[SliceScore, ...] = ()
    reasons: tuple[str, ...]

    @property
    def promoted(self) -> bool:
        """Whether the challenger becomes champion."""
        return self.outcome == "promote"
