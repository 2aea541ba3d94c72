"""A trial is judged by its limits, and each reason names the number and the limit."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.spec import Observation, Sample, Traffic
from steps.deployment.report import headline, render
from steps.deployment.rollout import at_once, hopeless, judge
from steps.deployment.settings import RolloutSettings


def settings(**limits: Any) -> RolloutSettings:
    asked = {"strategy": "canary", "window": {"requests": 1000, "least": 50}, "limits": limits}
    return RolloutSettings.model_validate(asked)


def seen(
    stable: tuple[int, int, float] = (9000, 9, 4.0),
    trial: tuple[int, int, float] = (1000, 1, 5.0),
    **compared: Any,
) -> Observation:
    """Requests, errors and p99 in milliseconds of both versions."""
    first, second = (
        Sample(version, requests, errors, p99 / 2, p99)
        for version, (requests, errors, p99) in (("1", stable), ("2", trial))
    )
    return Observation("shop", Traffic("canary", 0.1), first, second, **compared)


def test_a_trial_that_kept_every_limit_is_finished() -> None:
    found = judge(seen(compared=1000, agreed=990, largest=0.25), settings(min_agreement=0.98))
    assert (found.outcome, found.version, found.before, found.serves) == ("finish", "2", "1", "2")
    assert [measure.passed for measure in found.measures] == [True, True, True]
    told = " ".join(found.reasons)
    assert "within the 1% allowed" in told
    assert "1.25 times the 4 ms of version 1, within the 2 times allowed" in told
    assert "990 of 1,000 (99%) of the compared rows, at or above the 98% asked for" in told
    assert "differ by at most 0.2500" in told


@pytest.mark.parametrize(
    ("observed", "limits", "told"),
    [
        (
            seen(trial=(1000, 21, 5.0)),
            {},
            "Version 2 failed 21 of 1,000 (2.1%) of its requests and version 1 9 of 9,000 (0.1%): "
            "a difference of 2%, above the 1% allowed.",
        ),
        (
            seen(trial=(1000, 0, 12.0)),
            {},
            "Version 2 has a p99 latency of 12 ms, 3.00 times the 4 ms of version 1, above the "
            "2 times allowed.",
        ),
        (
            seen(compared=200, agreed=150, skipped=7),
            {"min_agreement": 0.9},
            "Both versions agree on 150 of 200 (75%) of the compared rows, below the 90% asked "
            "for; their scores differ by at most 0.0000. 7 more were not compared.",
        ),
        (
            seen(),
            {"min_agreement": 0.9},
            "Agreement was asked for, and no row was scored by both versions.",
        ),
    ],
)
def test_a_broken_limit_rolls_back_and_comes_first_among_the_reasons(
    observed: Observation, limits: dict[str, float], told: str
) -> None:
    found = judge(observed, settings(**limits))
    assert (found.outcome, found.serves) == ("roll_back", "1")
    assert found.reasons[0] == told


def test_a_latency_below_the_floor_is_never_too_slow() -> None:
    found = judge(seen((9000, 0, 0.2), (1000, 0, 9.0)), settings())
    assert found.outcome == "finish"
    assert "45.00 times the 0.2 ms of version 1, and a p99 up to 10 ms" in found.reasons[1]


def test_without_a_request_to_the_version_that_serves_latency_decides_nothing() -> None:
    found = judge(seen(stable=(0, 0, math.nan)), settings())
    assert found.outcome == "finish"
    assert "Latencies were not compared" in found.reasons[1]
    assert "NaN" not in found.model_dump_json()


@pytest.mark.parametrize(("quiet", "outcome"), [("finish", "finish"), ("rollback", "roll_back")])
def test_too_few_requests_are_decided_by_the_config(quiet: str, outcome: str) -> None:
    """Also where every one of them failed: the config says what so few are worth."""
    asked = settings().model_copy(update={"quiet": quiet})
    found = judge(seen(trial=(49, 49, 5.0)), asked)
    assert found.outcome == outcome
    assert (
        "met 49 requests in the window, fewer than the 50 of rollout.window.least"
        in (found.reasons[0])
    )
    assert f"rollout.quiet is '{quiet}'" in found.reasons[0]


def test_waiting_ends_early_only_for_failures_among_enough_requests() -> None:
    assert hopeless(seen(trial=(50, 5, 1.0)), settings())
    assert not hopeless(seen(trial=(49, 49, 1.0)), settings())
    assert not hopeless(seen(trial=(900, 0, 900.0)), settings())


@given(
    st.integers(0, 2000),
    st.floats(0, 1),
    st.floats(0.001, 1e5),
    st.floats(0, 1) | st.none(),
    st.integers(0, 500),
)
def test_finished_means_that_no_limit_was_broken(
    requests: int, failed: float, p99: float, asked: float | None, compared: int
) -> None:
    trial = (requests, int(failed * requests), p99 if requests else math.nan)
    found = judge(seen(trial=trial, compared=compared, agreed=compared), settings(
        min_agreement=asked
    ))  # fmt: skip
    kept = all(measure.passed is not False for measure in found.measures)
    assert (found.outcome == "finish") == (kept and requests >= 50)
    assert found.reasons
    render(found, settings())


def test_a_deployment_without_a_trial_says_why() -> None:
    assert "took over at once" in at_once("shop", "1", "", "canary").reasons[0]
    assert "served already" in at_once("shop", "1", "1", "canary").reasons[0]
    assert headline(at_once("shop", "1", "", "canary")) == "Version 1 serves"


def test_the_page_tells_the_outcome_and_every_number() -> None:
    found = judge(seen(trial=(1000, 21, 5.0), compared=5, agreed=4), settings())
    page = render(found, settings())
    assert "Rolled back" in page
    assert "Version 1 serves on; version 2 is withdrawn" in page
    for text in ("error rate", "0.0210", "broken", "p99 latency, ms", "1.2500", "agreement"):
        assert text in page
    assert "<script" not in page
