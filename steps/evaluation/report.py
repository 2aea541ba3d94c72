"""The model report: the decision, its model and why, as one static page without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from steps.data.finding import Finding
from steps.evaluation.card import Section
from steps.evaluation.description import Description
from steps.evaluation.evaluation import Decision, Evaluation, Evaluations, SliceScore
from steps.evaluation.importance import REPEATS
from steps.pages.axis import Axis, Plot
from steps.pages.page import fill
from steps.pages.swarm import swarm

TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE = "model.html.j2"
COLOURS = {"no limit": "", "ok": "promote", "below floor": "refuse", "dropped": "refuse"}
WORDS = {"promote": "Promoted", "refuse": "Not promoted", "unchanged": "Unchanged"}


def render(
    model: str,
    decision: Decision,
    evaluations: Evaluations,
    findings: Sequence[Finding],
    lineage: Mapping[str, str],
    description: Description | None = None,
    card: Sequence[Section] = (),
    undrawn: str = "",
) -> str:
    """The page.

    Args:
        lineage: What the decision stands on (data digest, commit, config, stack), as text.
        description: How the challenger answers, and by which columns.
        undrawn: Why there is no description.
    """
    return fill(
        TEMPLATES / TEMPLATE,
        page=_page(model, decision, evaluations),
        decision=decision,
        evaluations=evaluations,
        findings=findings,
        lineage=lineage,
        told=description,
        weights=_weights(description),
        repeats=REPEATS,
        card=card,
        undrawn=undrawn,
    )


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
    axis = Axis.of(candidate.score(evaluations.metric) for candidate in evaluations.candidates)
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
    axis = Axis.of(part.score for part in parts)
    return [{"part": part, "plot": axis.plot(part.score)} for part in parts]


def _weights(description: Description | None) -> list[dict[str, Any]]:
    """Each column with what the metric loses without it, and what it added to single answers."""
    if description is None:
        return []
    held = description.weights
    axis = Axis.of((each.lost for each in held), 0.0)
    drawn = swarm([(each.values, each.places) for each in held])
    return [
        {"of": each, "plot": axis.plot(each.lost, 0.0), "swarm": dots}
        for each, dots in zip(held, drawn, strict=True)
    ]
