"""From what a window adds up to, to one verdict with its reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime

from steps.evaluation.numbers import limit, show, sign
from steps.monitoring.part import Labels
from steps.monitoring.profile import Counts, Profile, Reference
from steps.monitoring.settings import MonitoringSettings
from steps.monitoring.shift import Limits, require_known, shifts
from steps.monitoring.statistic import DISTANCES, beyond, figure
from steps.monitoring.verdict import ColumnShift, Outcome, Performance, Verdict
from steps.monitoring.window import Window

MOST_NAMED = 5


def judge(
    window: Window,
    profile: Profile,
    performance: Performance | None,
    settings: MonitoringSettings,
    *,
    model: str,
    version: str,
    since: datetime,
    until: datetime,
    labels: Labels | None = None,
) -> Verdict:
    """The verdict on a window.

    Args:
        labels: Those that were handed over for this window, whose requests should be in it.
    """
    enough = window.rows >= settings.min_rows
    answered = window.versions[version]
    limits = limits_of(settings)
    require_known(settings.tests, [each.name for each in profile.columns])
    columns = _shifts(profile.columns, window.columns, limits) if enough else ()
    told = answered >= settings.min_rows
    answers = _shifts(profile.answers, window.answers, of_answers(limits)) if told else ()
    outcome, reasons = decide(window, columns, answers, performance, settings)
    return Verdict(
        outcome=outcome,
        model=model,
        version=version,
        since=since,
        until=until,
        rows=window.rows,
        answered=answered,
        columns=columns,
        answers=answers,
        performance=performance,
        labelled=len(window.labelled),
        unmatched=len((labels or {}).keys() - window.labelled.matched),
        reasons=tuple(reasons),
    )


def has_drifted(window: Window, profile: Profile, settings: MonitoringSettings) -> bool:
    """Whether the columns of a window alone, as far as it has come, are a drift."""
    found = shifts(profile.columns, window.columns, limits_of(settings))
    return sum(each.drifted for each in found) >= settings.min_drifted


def limits_of(settings: MonitoringSettings) -> Limits:
    """What a run config says of when a column has drifted."""
    names = (each.name for each in fields(Limits))
    return Limits(**{name: getattr(settings, name) for name in names})


def of_answers(limits: Limits) -> Limits:
    """The index alone: the answers of a profile were given by models of fewer rows."""
    off = math.inf
    return replace(limits, wasserstein=off, missing=off, category=off, tests={})


def decide(
    window: Window,
    columns: Sequence[ColumnShift],
    answers: Sequence[ColumnShift],
    performance: Performance | None,
    settings: MonitoringSettings,
) -> tuple[Outcome, list[str]]:
    """The outcome and why: labels outweigh distributions, which they can only hint at."""
    drifted = [each for each in columns if each.drifted]
    moved = [each for each in answers if each.drifted]
    reasons = [_measured(performance)] if performance else []
    if performance and performance.changed:
        reasons.append(f"The error rose around {performance.changed} (ADWIN).")
    if performance and performance.degraded:
        return "degraded", [*reasons, *_drifts(drifted, moved)]
    if len(drifted) >= settings.min_drifted or moved or (performance and performance.changed):
        return "drift", [*_drifts(drifted, moved), *reasons]
    if not columns and performance is None:
        few = f"{window.rows:,} rows; {settings.min_rows:,} are needed to say anything."
        return "too few rows", [f"The window holds {few}"]
    compared = f"None of {len(columns)} columns has drifted in {window.rows:,} rows."
    return "ok", [*reasons, *([compared] if columns else [])]


def _shifts(
    references: Sequence[Reference], window: Sequence[Counts], limits: Limits
) -> tuple[ColumnShift, ...]:
    return tuple(ColumnShift(**asdict(each)) for each in shifts(references, window, limits))


def _measured(performance: Performance) -> str:
    now, before, lost = performance.now, performance.before, performance.drop
    word = "worse" if performance.degraded else "not shown to be worse"
    return (
        f"{now.metric} is {show(now.value)} over {performance.rows:,} labelled rows and was "
        f"{show(before.value)} in training: {word}; the drop is {sign(lost.value)} (interval "
        f"{sign(lost.low)} to {sign(lost.high)}, allowed {limit(performance.allowed)})."
    )


def _drifts(columns: Sequence[ColumnShift], answers: Sequence[ColumnShift]) -> list[str]:
    told = sorted(columns, key=weight, reverse=True)
    lines = [_shifted(f"Column '{each.column}'", each) for each in told[:MOST_NAMED]]
    if len(told) > MOST_NAMED:
        lines.append(f"{len(told) - MOST_NAMED} more columns have drifted.")
    return [*lines, *(_shifted(f"The model's {each.column}", each) for each in answers)]


def weight(shift: ColumnShift) -> float:
    """How far beyond its threshold a column is, whichever way its test counts."""
    return beyond(shift.test, shift.value, shift.threshold)


def _shifted(what: str, shift: ColumnShift) -> str:
    side = "above" if shift.test in DISTANCES else "below"
    value, threshold = (figure(shift.test, each) for each in (shift.value, shift.threshold))
    text = f"{what} has drifted: {shift.test} {value}, {side} {threshold}"
    if shift.missing - shift.missing_before > 0.01:
        text += f"; missing {shift.missing:.1%}, before {shift.missing_before:.1%}"
    if shift.unseen > 0.01:
        text += f"; {shift.unseen:.1%} new categories"
    return text + "."
