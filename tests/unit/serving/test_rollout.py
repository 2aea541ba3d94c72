"""A trial's share, its counts and its comparison are what they say they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.rollout import FIRST, Agreement, Tally, chosen
from serving.spec import Traffic
from tests.unit.serving.tiny import model, schema

IDS = [f"customer-{number}" for number in range(20_000)]


@pytest.mark.parametrize("share", [0.01, 0.25, 0.9])
@pytest.mark.parametrize("sticky", [True, False])
def test_a_share_of_the_requests_meets_the_trial(share: float, sticky: bool) -> None:
    """Within five standard deviations of the share that was asked for."""
    traffic = Traffic("canary", share, sticky=sticky)
    met = sum(chosen(traffic, name, "2") for name in IDS)
    spread = math.sqrt(len(IDS) * share * (1 - share))
    assert abs(met - len(IDS) * share) < 5 * spread


@pytest.mark.parametrize("sticky", [True, False])
def test_a_whole_share_leaves_nothing_to_chance(sticky: bool) -> None:
    traffic = Traffic("canary", 1.0, sticky=sticky)
    assert all(chosen(traffic, name, "2") for name in IDS)


@given(st.text(min_size=1))
def test_the_same_id_always_meets_the_same_version(name: str) -> None:
    """Also ids that are no valid Unicode."""
    traffic = Traffic("canary", 0.5, sticky=True)
    assert len({chosen(traffic, name, "2") for _ in range(5)}) == 1


def test_a_sticky_choice_without_an_id_is_a_draw() -> None:
    traffic = Traffic("canary", 0.5, sticky=True)
    assert len({chosen(traffic, "", "2") for _ in range(200)}) == 2


def test_a_larger_share_keeps_who_met_the_trial_before() -> None:
    few, many = (Traffic("canary", share, sticky=True) for share in (0.1, 0.3))
    assert all(chosen(many, name, "2") for name in IDS if chosen(few, name, "2"))


def test_another_version_is_met_by_others() -> None:
    traffic = Traffic("canary", 0.1, sticky=True)
    both = [name for name in IDS if chosen(traffic, name, "2") and chosen(traffic, name, "3")]
    assert 0 < len(both) < 400


def test_a_tally_that_saw_nothing_knows_no_latency() -> None:
    sample = Tally().sample("2")
    assert (sample.version, sample.requests, sample.errors) == ("2", 0, 0)
    assert math.isnan(sample.p50_ms)
    assert math.isnan(sample.p99_ms)


@given(st.lists(st.floats(2 * FIRST, 50.0), min_size=1, max_size=200))
def test_a_latency_is_told_to_five_per_cent(seconds: list[float]) -> None:
    tally = Tally()
    for number, each in enumerate(seconds):
        tally.count(each, failed=number % 2 == 0)
    sample = tally.sample("2")
    assert (sample.requests, sample.errors) == (len(seconds), (len(seconds) + 1) // 2)
    for share, told in ((0.5, sample.p50_ms), (0.99, sample.p99_ms)):
        exact = 1000 * sorted(seconds)[math.ceil(share * len(seconds)) - 1]
        assert exact / 1.06 < told < exact * 1.06


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e9])
def test_an_absurd_latency_is_counted_all_the_same(seconds: float) -> None:
    tally = Tally()
    tally.count(seconds, failed=False)
    assert tally.sample("2").requests == 1


def test_classes_agree_by_label_and_values_within_the_tolerance() -> None:
    classes = Agreement(model(), model("2"), tolerance=0.0)
    one, other = np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([[0.7, 0.3], [0.3, 0.7]])
    classes.compare(["no", "no"], one, ["no", "yes"], other)
    assert (classes.compared, classes.agreed) == (2, 1)
    assert classes.largest == pytest.approx(0.3)
    table = schema(classes=())
    values = Agreement(model(table=table), model("2", table=table), tolerance=0.5)
    values.compare([], np.array([[1.0], [2.0]]), [1.4, 2.6], np.array([[1.4], [2.6]]))
    assert (values.compared, values.agreed) == (2, 1)


def test_versions_of_other_classes_agree_by_name_alone() -> None:
    """Their scores stand for other things: no difference is told."""
    table = schema(classes=("no", "perhaps", "yes"))
    agreement = Agreement(model(), model("2", table=table), tolerance=0.0)
    agreement.compare(["no"], np.array([[0.9, 0.1]]), ["no"], np.array([[0.5, 0.4, 0.1]]))
    assert (agreement.compared, agreement.agreed, agreement.largest) == (1, 1, 0.0)
