"""What a single slice can forbid."""

from __future__ import annotations

from steps.evaluation.contest import Contest, bootstrap_of
from steps.evaluation.evaluation import Score, SliceScore, SliceVerdict
from steps.evaluation.intervals import Bootstrap, Interval, interval, paired_interval
from steps.evaluation.numbers import limit, show, sign
from steps.evaluation.settings import GateSettings
from steps.evaluation.slices import Slice, cut, within


def compare_slices(contest: Contest, settings: GateSettings) -> tuple[SliceScore, ...]:
    """Both models in every slice that has enough rows, each with its verdict."""
    parts = cut(contest.labels, settings.min_slice_rows)
    return tuple(_compare_slice(contest, settings, part) for part in parts)


def _compare_slice(contest: Contest, settings: GateSettings, part: Slice) -> SliceScore:
    mask = part.mask
    metric, y, ours, theirs = (
        contest.metric,
        contest.y[mask],
        contest.challenger[mask],
        contest.rival[mask],
    )
    drawn = (bootstrap_of(settings), within(contest.groups, mask))
    score = Score.of(metric.name, interval(metric, y, ours, *drawn))
    paired = paired_interval(metric, y, ours, theirs, *drawn)
    return SliceScore(
        column=part.column,
        value=part.value,
        rows=part.rows,
        score=score,
        rival=Score.of(metric.name, interval(metric, y, theirs, Bootstrap(1))).value,
        improvement=Score.of(metric.name, paired),
        verdict=_slice_verdict(score, paired, contest, settings),
    )


def _slice_verdict(
    score: Score, paired: Interval, contest: Contest, settings: GateSettings
) -> SliceVerdict:
    floor, drop = settings.slice_floor, settings.slice_drop
    if floor is None and drop is None:
        return "no limit"
    if floor is not None and score.value is not None:
        short = floor - score.value if contest.metric.higher_is_better else score.value - floor
        if short > 0:
            return "below floor"
    if drop is None or contest.against != "champion" or not paired.known:
        return "ok"
    # A drop inside the noise of a small slice is no evidence against the challenger.
    return "dropped" if paired.value < -drop and paired.high < 0 else "ok"


def slice_vetoes(
    contest: Contest, slices: tuple[SliceScore, ...], settings: GateSettings
) -> list[str]:
    """Why the slices forbid a promotion; empty when they do not."""
    vetoes = [
        _veto(part, settings) for part in slices if part.verdict in ("below floor", "dropped")
    ]
    if settings.slice_floor is None and settings.slice_drop is None:
        return vetoes
    measured = {part.column for part in slices if part.score.value is not None}
    # A limit that was asked for and could not be checked has not been kept.
    return vetoes + [
        f"No slice of '{column}' could be measured over {settings.min_slice_rows} rows or more, so "
        "its limit could not be checked. Lower gate.min_slice_rows or leave the column out."
        for column in contest.labels
        if column not in measured
    ]


def _veto(part: SliceScore, settings: GateSettings) -> str:
    where = f"Slice {part.column} = '{part.value}' ({part.rows:,} rows)"
    name = part.score.metric
    if part.verdict == "below floor":
        floor = limit(settings.slice_floor)
        return f"{where} has {name} {show(part.score.value)}, on the wrong side of floor {floor}."
    change = part.improvement or part.score
    lost, allowed = show(-(change.value or 0.0)), limit(settings.slice_drop)
    return (
        f"{where} loses {lost} of {name} against the champion, more than the {allowed} allowed "
        f"(interval {sign(change.low)} to {sign(change.high)})."
    )
