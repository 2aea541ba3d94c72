"""The decision as one static page, without scripts, which ZenML's dashboard would block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steps.data.finding import Finding
from steps.evaluation.evaluation import Decision, Evaluation, Evaluations, Score, SliceScore
from steps.evaluation.numbers import limit as told_limit
from steps.evaluation.numbers import show, sign

TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE = "decision.html.j2"
COLOURS = {"no limit": "", "ok": "promote", "below floor": "refuse", "dropped": "refuse"}
WORDS = {"promote": "Promoted", "refuse": "Not promoted", "unchanged": "Unchanged"}


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
            label=f"{score.metric} {show(score.value)}, {_span(score)}",
        )


def render(
    model: str,
    decision: Decision,
    evaluations: Evaluations,
    findings: Sequence[Finding],
    lineage: Mapping[str, str],
) -> str:
    """The page.

    Args:
        lineage: What the decision stands on (data digest, commit, config, stack), as text.
    """
    return fill(
        TEMPLATES / TEMPLATE,
        page=_page(model, decision, evaluations),
        decision=decision,
        evaluations=evaluations,
        findings=findings,
        lineage=lineage,
    )


def fill(template: Path, **values: Any) -> str:
    """Fill a page's template, which may stand on those of this folder."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([template.parent, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=show, signed=sign, span=_span, limit=told_limit)
    return environment.get_template(template.name).render(**values)


def _page(model: str, decision: Decision, evaluations: Evaluations) -> dict[str, Any]:
    """What the template shows that is not in the artifacts as such."""
    compared = decision.slices
    slices = compared or evaluations.of(evaluations.challenger).slices
    return {
        "model": model,
        "word": WORDS[decision.outcome],
        "verdict": headline(decision),
        "tone": decision.outcome,
        "reasons": decision.reasons,
        "rival": _rival(decision),
        "confidence": f"{evaluations.confidence:.0%}",
        "improvement": _improvement(decision),
        "metrics": [score.metric for score in evaluations.candidates[0].scores],
        "candidates": _candidates(evaluations),
        "slices": _slices(slices),
        "versus": bool(compared),
        "colours": COLOURS,
    }


def headline(decision: Decision) -> str:
    """The decision in one sentence."""
    if decision.outcome == "promote":
        before = f" in place of version {decision.champion}" if decision.champion else ""
        return f"'{decision.challenger}' becomes champion{before}"
    if decision.outcome == "unchanged":
        return f"Version {decision.champion} stays champion: nothing new was learnt"
    if decision.champion:
        return f"Version {decision.champion} stays champion; '{decision.challenger}' does not pass"
    return f"There is no champion yet; '{decision.challenger}' does not pass"


def _rival(decision: Decision) -> str:
    if decision.against == "champion":
        return f"champion, version {decision.champion}"
    return "trivial baseline"


def _improvement(decision: Decision) -> Plot | None:
    found = decision.improvement
    if found is None or found.value is None:
        return None
    return Axis.around([found.low, found.high, found.value, decision.required, 0.0]).plot(
        found, decision.required
    )


def _candidates(evaluations: Evaluations) -> list[dict[str, Any]]:
    deciding = [candidate.score(evaluations.metric) for candidate in evaluations.candidates]
    axis = _shared_axis(deciding)
    return [
        {
            "name": candidate.candidate,
            "challenger": candidate.candidate == evaluations.challenger,
            "cv": candidate.cv_score if candidate.cv_scores else None,
            "metrics": [score.value for score in candidate.scores],
            "plot": axis.plot(candidate.score(evaluations.metric)),
            "seconds": candidate.seconds,
        }
        for candidate in _best_first(evaluations)
    ]


def _best_first(evaluations: Evaluations) -> list[Evaluation]:
    """By cross-validation, the order in which the challenger was chosen."""
    return sorted(
        evaluations.candidates,
        key=lambda candidate: candidate.cv_score,
        reverse=evaluations.higher_is_better,
    )


def _slices(parts: Sequence[SliceScore]) -> list[dict[str, Any]]:
    axis = _shared_axis([part.score for part in parts])
    return [{"part": part, "plot": axis.plot(part.score)} for part in parts]


def _shared_axis(scores: Sequence[Score]) -> Axis:
    return Axis.around(
        number for score in scores for number in (score.low, score.value, score.high)
    )


def _span(score: Score) -> str:
    """An interval in words."""
    if score.low is None or score.high is None:
        return "no interval"
    return f"{show(score.low)} to {show(score.high)}"
