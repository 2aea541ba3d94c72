"""The time line of a trial tells what happened when, and how both versions went along it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from serving.spec import Observation, Sample, Traffic
from steps.deployment import canary
from steps.deployment.moments import MOST, Moment, kept
from steps.deployment.report import render
from steps.deployment.rollout import Rollout, judge
from steps.deployment.settings import RolloutSettings
from steps.deployment.timeline import courses, events
from tests.unit.deployment.test_watch import VERSION, Scripted, met
from tests.unit.evaluation.test_report import Tags

SETTINGS = RolloutSettings.model_validate(
    {
        "strategy": "canary",
        "share": 0.1,
        "window": {"requests": 400, "seconds": 60},
        "limits": {"min_agreement": 0.9},
    }
)


def seen(second: int, failing: bool) -> Observation:
    """Ten requests a second for the one on trial, after a second of silence."""
    trial, errors = 10 * second, max(second - 20, 0) * failing
    stable, trying = (
        Sample(version, requests, wrong, 1.0, 4.0 if requests else float("nan"))
        for version, requests, wrong in (("1", 90 * second, 0), ("2", trial, errors))
    )
    return Observation("shop", Traffic("canary", 0.1), stable, trying, trial, trial - errors)


def tried(failing: bool = False, seconds: int = 41) -> Rollout:
    """A trial, looked at every second."""
    line = tuple(Moment.of(seen(each, failing), each) for each in range(seconds))
    last = seen(seconds - 1, failing)
    return judge(last, SETTINGS).model_copy(update={"seconds": seconds - 1.0, "moments": line})


def test_a_trial_that_passes_ends_with_its_version_taking_over() -> None:
    told = [(event.seconds, event.text) for event in events(tried(), SETTINGS)]
    assert told == [
        (0.0, "Version 2 begins as a canary beside version 1, with 10% of the requests."),
        (1.0, "Version 2 has met its first requests, 10 so far."),
        (40.0, "The window of 400 requests is over."),
        (40.0, "Version 2 takes over."),
    ]


def test_the_first_failure_has_its_time() -> None:
    told = [(event.seconds, event.tone, event.text) for event in events(tried(True), SETTINGS)]
    assert (21.0, "refuse", "Version 2 is first seen to fail requests.") in told
    assert told[-1][2] == "Version 2 is withdrawn; version 1 serves on."


def test_a_window_that_is_cut_short_says_so() -> None:
    assert "The window is cut short." in [e.text for e in events(tried(seconds=10), SETTINGS)]


def test_only_what_was_seen_is_drawn() -> None:
    """Failed requests where there were some, and agreement where rows were compared."""
    assert [each.title for each in courses(tried(), SETTINGS)] == [
        "Requests",
        "Latency",
        "Agreement",
    ]
    assert "Failed requests" in [each.title for each in courses(tried(True), SETTINGS)]
    assert courses(tried(seconds=2), SETTINGS) == []


@pytest.mark.parametrize("failing", [False, True])
def test_the_page_stands_alone(failing: bool) -> None:
    page = render(tried(failing), SETTINGS)
    tags = Tags(page)
    assert tags.open == []
    assert not tags.seen & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"https?:|@import|url\(|\bnan\b|None", page)
    assert "What happened" in page


def test_a_deployment_without_a_trial_has_no_time_line() -> None:
    """It says why there was none."""
    rollout = tried().model_copy(update={"moments": (), "tried": False})
    page = render(rollout, SETTINGS)
    assert "What happened" not in page
    assert "What both versions did" not in page


def test_a_long_trial_keeps_few_moments_its_first_and_last_among_them() -> None:
    """And the others evenly between them."""
    moments: list[Moment] = []
    for second in range(2000):
        moments = kept([*moments, Moment.of(seen(second, failing=False), second)])
        assert moments[-1].seconds == second
        assert moments[0].seconds == 0
        assert len(moments) <= MOST
    apart = [after.seconds - before.seconds for before, after in pairwise(moments)]
    assert max(apart) <= 3 * 2000 / MOST


def test_watching_keeps_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version without a request has no latency."""
    monkeypatch.setattr(canary, "POLL", 0.0)
    silent = replace(met(0), trial=Sample("2", 0, 0, float("nan"), float("nan")))
    settings = RolloutSettings.model_validate({"strategy": "canary", "window": {"requests": 100}})
    found = canary.watch(Scripted(silent, met(70), met(100)), VERSION, settings, lambda _: None)
    assert [moment.trial for moment in found.moments] == [0, 70, 100]
    assert [moment.trial_ms for moment in found.moments] == [None, 2.0, 2.0]
    assert found.seconds == found.moments[-1].seconds
