"""What a verdict leads to."""

from datetime import UTC, datetime, timedelta

import pytest

from steps.monitoring.policy import action_of
from steps.monitoring.settings import Act, PolicySettings
from steps.monitoring.verdict import Outcome

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
RETRAIN = PolicySettings(drift="retrain", degraded="retrain", cooldown_hours=24, cap=3, cap_days=7)


def hours(*ago: float) -> list[datetime]:
    """Times so many hours ago."""
    return [NOW - timedelta(hours=each) for each in ago]


@pytest.mark.parametrize(
    ("outcome", "act"),
    [("ok", "nothing"), ("too few rows", "nothing"), ("drift", "alert"), ("degraded", "retrain")],
)
def test_each_outcome_has_its_own_act(outcome: Outcome, act: Act) -> None:
    """By default a drift is told and a degraded model retrained."""
    assert action_of(outcome, PolicySettings(), [], NOW).act == act


def test_a_retraining_rests_before_the_next() -> None:
    """Until then it is told instead, and when it may begin."""
    early = action_of("degraded", RETRAIN, hours(50, 23), NOW)
    assert early.act == "alert"
    assert "No retraining before 2026-01-31T13:00+00:00" in early.reason
    assert action_of("degraded", RETRAIN, hours(50, 24), NOW).act == "retrain"


def test_no_more_retrainings_begin_than_the_cap_allows() -> None:
    """Older ones than its days do not count."""
    full = action_of("drift", RETRAIN, hours(30, 60, 90), NOW)
    assert full.act == "alert"
    assert "No more than 3 retrainings in 7 days" in full.reason
    assert action_of("drift", RETRAIN, hours(30, 60, 24 * 8), NOW).act == "retrain"


def test_a_policy_can_do_nothing_and_a_cap_of_none_never_retrains() -> None:
    """Both are what their words say."""
    assert action_of("drift", PolicySettings(drift="nothing"), [], NOW).act == "nothing"
    assert action_of("degraded", PolicySettings(cap=0), [], NOW).act == "alert"


@pytest.mark.fault(
    kind="clock jumped",
    where="a retraining was noted by a clock that was far ahead, and is right again",
    promise="The cool-down and the cap hold for what a right clock noted, and no longer.",
    then="nothing is needed",
)
def test_a_retraining_noted_by_a_clock_that_was_ahead_holds_up_none_for_long() -> None:
    """Two clocks that are a little apart still keep one retraining from another."""
    year = hours(-24 * 365)
    assert action_of("degraded", RETRAIN, year, NOW).act == "retrain"
    assert action_of("degraded", RETRAIN, [*hours(23), *year], NOW).act == "alert"
    assert action_of("degraded", RETRAIN, 3 * year, NOW).act == "retrain"
    assert action_of("degraded", RETRAIN, hours(-0.01), NOW).act == "alert"
