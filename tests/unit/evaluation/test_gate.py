"""The gate promotes what is shown to be better and refuses everything else, saying why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from steps.evaluation.contest import Contender, Contest, baseline_scores
from steps.evaluation.gate import GateSettings, decide
from steps.evaluation.metrics import find_metric, primary
from tests.unit.evaluation.tables import labels, schema, scores

GATE = GateSettings(resamples=100)
NEW, OLD = Contender("boosting", "sha256:new"), Contender("flights", "sha256:old", "3")
ROWS = 1000


def contest(skill: float, rival_skill: float, seed: int = 0) -> Contest:
    """A challenger and a champion of known skill, whose errors are mostly the same."""
    y = labels(ROWS, seed)
    ours, theirs = scores(y, skill, seed + 1), scores(y, rival_skill, seed + 1)
    return Contest(primary("binary"), y, ours, theirs, "champion")


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_planted_better_model_is_promoted(seed: int) -> None:
    decision = decide(contest(2.0, 1.0, seed), GATE, NEW, OLD)
    assert decision.promoted
    assert decision.improvement is not None
    assert (decision.improvement.low or 0) > 0


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_planted_worse_model_is_refused_in_either_mode(seed: int) -> None:
    worse = contest(1.0, 2.0, seed)
    for mode in ("better", "not_worse"):
        gate = GATE.model_copy(update={"mode": mode, "margin": 0.001})
        assert decide(worse, gate, NEW, OLD).outcome == "refuse"


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), skill=st.floats(0.2, 3.0))
def test_two_identical_models_change_nothing(seed: int, skill: float) -> None:
    assert not decide(contest(skill, skill, seed), GATE, NEW, OLD).promoted


def test_models_of_equal_skill_are_seldom_promoted() -> None:
    gate = GateSettings(resamples=200)
    promoted = 0
    for seed in range(60):
        y = labels(400, seed)
        ours, theirs = scores(y, 1.0, 1000 + seed), scores(y, 1.0, 2000 + seed)
        even = Contest(primary("binary"), y, ours, theirs, "champion")
        promoted += decide(even, gate, NEW, OLD).promoted
    assert promoted <= 6


def test_the_margin_must_be_beaten_by_the_lower_bound() -> None:
    better = contest(2.0, 1.0)
    found = decide(better, GATE, NEW, OLD).improvement
    assert found is not None
    assert found.low is not None
    assert found.value is not None
    between = (found.low + found.value) / 2
    refused = decide(better, GATE.model_copy(update={"margin": between}), NEW, OLD)
    assert refused.outcome == "refuse"
    assert "is not shown to be better" in refused.reasons[0]


def test_not_worse_takes_an_equal_model_within_the_margin_and_no_further() -> None:
    gate = GateSettings(mode="not_worse", margin=0.02, resamples=200)
    assert decide(contest(1.49, 1.5), gate, NEW, OLD).promoted
    assert not decide(contest(1.2, 1.5), gate, NEW, OLD).promoted


def test_a_lower_loss_counts_as_better() -> None:
    losses = replace(contest(2.0, 1.0), metric=find_metric("brier", "binary"))
    assert decide(losses, GATE, NEW, OLD).promoted


def test_the_first_model_must_beat_the_training_rows_class_shares() -> None:
    y = labels(ROWS)
    constant = baseline_scores(labels(500, 7), schema(), ROWS)
    skilled = Contest(primary("binary"), y, scores(y, 1.0), constant, "baseline")
    blind = Contest(primary("binary"), y, scores(y, 0.0), constant, "baseline")
    assert decide(skilled, GATE, NEW).promoted
    refused = decide(blind, GATE, NEW)
    assert refused.outcome == "refuse"
    assert "trivial baseline" in refused.reasons[0]


def test_being_no_worse_than_the_trivial_baseline_is_not_enough() -> None:
    y = labels(ROWS)
    constant = baseline_scores(y, schema(), ROWS)
    copy = Contest(primary("binary"), y, constant, constant, "baseline")
    assert not decide(copy, GateSettings(mode="not_worse", margin=0.5, resamples=100), NEW).promoted


def test_the_baseline_of_a_regression_is_the_training_mean() -> None:
    assert baseline_scores(np.array([1.0, 3.0]), schema("regression"), 2).tolist() == [[2.0], [2.0]]


def test_too_few_common_rows_decide_nothing() -> None:
    small = contest(3.0, 0.0)
    small = replace(small, y=small.y[:20], challenger=small.challenger[:20], rival=small.rival[:20])
    refused = decide(small, GATE, NEW, OLD)
    assert refused.outcome == "refuse"
    assert "Only 20 rows" in refused.reasons[0]


def test_held_out_rows_of_one_class_decide_nothing() -> None:
    lone = replace(contest(2.0, 1.0), y=np.zeros(ROWS, dtype=np.int64))
    assert "lack a class" in decide(lone, GATE, NEW, OLD).reasons[0]


def sliced(loser_skill: float) -> Contest:
    """A challenger that is better in nine rows of ten and of that skill in the slice 'small'."""
    better = contest(3.0, 1.5)
    small = np.arange(ROWS) % 10 == 0
    ours = better.challenger.copy()
    ours[small] = scores(better.y, loser_skill)[small]
    names = np.where(small, "small", "large").astype(object)
    return replace(better, challenger=ours, labels={"airport": names})


def test_a_slice_under_its_floor_vetoes_a_better_model() -> None:
    gate = GateSettings(slices=("airport",), slice_floor=0.6, resamples=200)
    assert decide(sliced(3.0), gate, NEW, OLD).promoted
    vetoed = decide(sliced(-1.0), gate, NEW, OLD)
    assert vetoed.outcome == "refuse"
    assert "Slice airport = 'small' (100 rows)" in vetoed.reasons[0]
    assert {part.value: part.verdict for part in vetoed.slices}["small"] == "below floor"


def test_a_slice_that_loses_more_than_allowed_vetoes_a_better_model() -> None:
    gate = GateSettings(slices=("airport",), slice_drop=0.05, resamples=200)
    assert decide(sliced(1.5), gate, NEW, OLD).promoted
    vetoed = decide(sliced(0.0), gate, NEW, OLD)
    assert vetoed.outcome == "refuse"
    assert "against the champion, more than the 0.05 allowed" in vetoed.reasons[0]


def test_slices_without_a_limit_are_told_and_do_not_veto() -> None:
    decision = decide(sliced(-1.0), GateSettings(slices=("airport",), resamples=200), NEW, OLD)
    assert decision.promoted
    assert [part.value for part in decision.slices] == ["large", "small"]


def test_a_limit_that_could_not_be_checked_has_not_been_kept() -> None:
    gate = GateSettings(slices=("airport",), slice_floor=0.1, min_slice_rows=5000, resamples=200)
    refused = decide(sliced(3.0), gate, NEW, OLD)
    assert refused.outcome == "refuse"
    assert "could not be checked" in refused.reasons[0]


def test_a_limit_on_slices_needs_columns_to_slice_by() -> None:
    with pytest.raises(ValidationError, match="slice_floor and slice_drop need the columns"):
        GateSettings(slice_floor=0.5)


def test_the_same_inputs_give_the_same_decision() -> None:
    assert decide(contest(2.0, 1.0), GATE, NEW, OLD) == decide(contest(2.0, 1.0), GATE, NEW, OLD)
