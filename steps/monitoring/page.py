"""The verdict on a window as one static page, in the form of the gate's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from serving.schema import Column, TableSchema
from steps.evaluation.evaluation import SliceScore
from steps.monitoring.histogram import Histogram, histogram
from steps.monitoring.judgement import weight
from steps.monitoring.profile import LABEL, Counts, Profile, Reference
from steps.monitoring.statistic import DISTANCES, figure
from steps.monitoring.verdict import ColumnShift, Performance, Verdict
from steps.monitoring.window import Window
from steps.pages.axis import Axis, Plot
from steps.pages.page import fill

TEMPLATE = Path(__file__).parent / "templates" / "verdict.html.j2"
TONES = {"ok": "promote", "drift": "watch", "degraded": "refuse", "too few rows": "unchanged"}
WORDS = {
    "ok": "Version {} sees what it learnt from",
    "drift": "What version {} sees is not what it learnt from",
    "degraded": "Version {} answers worse than in its training",
    "too few rows": "There are too few rows to judge version {} by",
}
# A page stays readable, and small, whatever the table's width.
LISTED = 200
DRAWN = 12


def render(verdict: Verdict, profile: Profile, window: Window, schema: TableSchema) -> str:
    """The page; what it draws comes from counts, it needs no row."""
    page = {
        "model": verdict.model,
        "word": verdict.outcome,
        "verdict": WORDS[verdict.outcome].format(verdict.version),
        "tone": TONES[verdict.outcome],
        "reasons": verdict.reasons,
    }
    known = {each.name: each for each in schema.columns}
    names = {each.name: each.categories for each in schema.columns}
    columns = sorted(verdict.columns, key=lambda each: (each.drifted, weight(each)), reverse=True)
    return fill(
        TEMPLATE,
        page=page,
        verdict=verdict,
        columns=[_line(each) for each in columns[:LISTED]],
        answers=[_line(each) for each in verdict.answers],
        unlisted=max(len(columns) - LISTED, 0),
        undrawn=max(len(verdict.drifted) - DRAWN, 0),
        spread=_spread(columns, profile.columns, window.columns, known, names),
        answered=_spread(
            verdict.answers, profile.answers, window.answers, {}, {LABEL: schema.classes}
        ),
        performance=_performance(verdict.performance),
        facts=_facts(verdict),
    )


def _line(shift: ColumnShift) -> dict[str, Any]:
    value, limit = (figure(shift.test, each) for each in (shift.value, shift.threshold))
    return {"shift": shift, "reach": reach(shift), "value": value, "limit": limit}


def reach(shift: ColumnShift) -> float:
    """How far a column has come, in per cent of twice the way to its threshold.

    The index counts as it is, a p-value by its logarithm, as surprise does.
    """
    if shift.test in DISTANCES:
        way = shift.value / shift.threshold
    else:
        way = math.log(max(shift.value, 1e-300)) / math.log(shift.threshold)
    return round(min(max(50 * way, 0.0), 100.0), 1)


def _spread(
    shifts: Sequence[ColumnShift],
    references: Sequence[Reference],
    window: Sequence[Counts],
    columns: Mapping[str, Column],
    names: Mapping[str, Sequence[str]],
) -> list[tuple[str, Histogram]]:
    """The bars of those that have drifted, in their order.

    Args:
        columns: What is known of each, by name.
        names: The categories behind the bins, by name.
    """
    sides = {each.name: (each, now) for each, now in zip(references, window, strict=False)}
    return [
        (name, histogram(*sides[name], names.get(name, ()), columns.get(name)))
        for name in [each.column for each in shifts if each.drifted][:DRAWN]
    ]


def _performance(performance: Performance | None) -> dict[str, Any] | None:
    if performance is None:
        return None
    now, before, lost = performance.now, performance.before, performance.drop
    both = Axis.around([now.low, now.value, now.high, before.low, before.value, before.high])
    way = Axis.around([lost.low, lost.value, lost.high, performance.allowed, 0.0])
    return {
        "found": performance,
        "now": both.plot(now),
        "before": both.plot(before),
        "drop": way.plot(lost, performance.allowed),
        "slices": _slices(performance.slices),
    }


def _slices(parts: Sequence[SliceScore]) -> list[tuple[SliceScore, Plot | None]]:
    axis = Axis.around(
        number for part in parts for number in (part.score.low, part.score.value, part.score.high)
    )
    return [(part, axis.plot(part.score)) for part in parts]


def _facts(verdict: Verdict) -> dict[str, str]:
    report = {"Evidently's report": verdict.report or verdict.unreported}
    unmatched = f"; {verdict.unmatched:,} more name no request of this window"
    return {
        "From": f"{verdict.since:%Y-%m-%d %H:%M:%S} {verdict.since:%Z}",
        "To": f"{verdict.until:%Y-%m-%d %H:%M:%S} {verdict.until:%Z}",
        "Rows": f"{verdict.rows:,}, of which version {verdict.version} answered "
        f"{verdict.answered:,}",
        "Labels": f"{verdict.labelled:,}{unmatched if verdict.unmatched else ''}",
        **(report if verdict.report or verdict.unreported else {}),
    }
