"""The time line of a trial: what happened when, and how both versions went along it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from steps.deployment.moments import Moment
from steps.deployment.rollout import Rollout
from steps.deployment.settings import RolloutSettings
from steps.pages.chart import Chart, Line, chart

# Fewer looks than this make no line.
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, so many seconds into the trial."""

    seconds: float
    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """One number of both versions through the trial."""

    title: str
    about: str
    chart: Chart


def events(rollout: Rollout, settings: RolloutSettings) -> list[Event]:
    """What happened, in its order."""
    new, old, moments = rollout.version, rollout.before, rollout.moments
    if not moments:
        return []
    share = f"{100 * settings.share:g}% of the requests"
    began = f"Version {new} begins as a {rollout.strategy} beside version {old}, with {share}."
    found = [Event(0.0, began), *_firsts(moments, new, old)]
    window = settings.window
    full = rollout.requests >= window.requests
    by = f"{window.requests:,} requests" if full else f"{window.seconds:g} seconds"
    early = not full and rollout.seconds < window.seconds
    ended = "The window is cut short." if early else f"The window of {by} is over."
    found.append(Event(rollout.seconds, ended))
    if rollout.outcome == "finish":
        return [*found, Event(rollout.seconds, f"Version {new} takes over.", "promote")]
    told = f"Version {new} is withdrawn; version {old} serves on."
    return [*found, Event(rollout.seconds, told, "refuse")]


def _firsts(moments: Sequence[Moment], new: str, old: str) -> Iterator[Event]:
    """When either version was first seen to answer, and to fail."""
    asked = next((each for each in moments if each.trial), None)
    if asked is not None:
        seen = f"Version {new} has met its first requests, {asked.trial:,} so far."
        yield Event(asked.seconds, seen)
    for name, tone, failed in (
        (new, "refuse", next((each for each in moments if each.trial_errors), None)),
        (old, "watch", next((each for each in moments if each.stable_errors), None)),
    ):
        if failed is not None:
            yield Event(failed.seconds, f"Version {name} is first seen to fail requests.", tone)


def courses(rollout: Rollout, settings: RolloutSettings) -> list[Course]:
    """A chart of each number that was seen often enough."""
    moments, limits = rollout.moments, settings.limits
    if len(moments) < FEWEST:
        return []
    found: list[Course | None] = [
        _course(rollout, "Requests", "Met since the trial began.", "requests", "trial", "stable"),
        _course(
            rollout,
            "Latency",
            f"Of 99 in 100 requests. Up to {limits.max_latency_ratio:g} times the other's is "
            f"allowed, and up to {limits.latency_floor_ms:g} ms always.",
            "p99, ms",
            "trial_ms",
            "stable_ms",
        ),
    ]
    if any(each.trial_errors or each.stable_errors for each in moments):
        about = "Answers at which the server is at fault, since the trial began."
        failed = ("trial_errors", "stable_errors")
        found.append(_course(rollout, "Failed requests", about, "requests", *failed))
    found.append(_agreement(rollout, limits.min_agreement))
    return [course for course in found if course is not None]


def _course(
    rollout: Rollout, title: str, about: str, up: str, trial: str, stable: str
) -> Course | None:
    """One number of both versions; None where neither has it often enough."""
    lines = [
        _line(rollout.moments, f"version {rollout.version}, on trial", "first", _of(trial)),
        _line(rollout.moments, f"version {rollout.before}, serving", "rival", _of(stable)),
    ]
    drawn = [line for line in lines if len(line.x) >= FEWEST]
    if not drawn:
        return None
    top = max(float(line.y.max()) for line in drawn)
    label = f"{title} over the seconds of the trial"
    seconds = (0.0, rollout.moments[-1].seconds)
    ys = (0.0, 1.06 * top if top else 1.0)
    return Course(
        title, about, chart(drawn, label=label, across="seconds", up=up, xs=seconds, ys=ys)
    )


def _agreement(rollout: Rollout, limit: float | None) -> Course | None:
    line = _line(rollout.moments, "", "first", _of("agreed"))
    if len(line.x) < FEWEST:
        return None
    seconds = (0.0, rollout.moments[-1].seconds)
    held = [] if limit is None else [_level(limit, seconds)]
    said = "" if limit is None else f" Dashed: the limit, {limit:.0%}."
    return Course(
        "Agreement",
        f"The share of the compared rows on which both versions give the same answer.{said}",
        chart(
            [line, *held],
            label="Agreement over the seconds of the trial",
            across="seconds",
            up="share of the rows",
            xs=seconds,
            ys=(0.0, 1.0),
            told_up=lambda share: f"{share:.0%}",
        ),
    )


def _level(height: float, seconds: tuple[float, float]) -> Line:
    return Line("", np.array(seconds), np.array([height, height]), "", "aside")


def _of(name: str) -> Callable[[Moment], float | None]:
    def read(moment: Moment) -> float | None:
        held = getattr(moment, name)
        return None if held is None else float(held)

    return read


def _line(
    moments: Sequence[Moment], name: str, tone: str, read: Callable[[Moment], float | None]
) -> Line:
    """What was seen of one number, where there was one."""
    held = [(each.seconds, value) for each in moments if (value := read(each)) is not None]
    x, y = (np.array([pair[place] for pair in held], dtype=np.float64) for place in (0, 1))
    return Line(name, x, y, tone)
