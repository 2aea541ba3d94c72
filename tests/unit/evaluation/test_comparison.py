"""A champion is measured through its own schema, on rows that it was never trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from serving.schema import TableSchema
from steps.data.settings import SplitSettings
from steps.data.split import hashed_out
from steps.evaluation.comparison import Files, compare_candidate, last_time, never_seen
from steps.evaluation.evaluation import Decision
from steps.evaluation.measure import candidate_digest
from steps.evaluation.metrics import primary
from steps.evaluation.settings import GateSettings
from steps.registry.version import Champion, Version
from steps.training.candidate import Candidate
from tests.unit.evaluation.models import (
    FEATURES,
    SPLIT,
    candidate,
    logistic,
    schema_of,
    sides,
    table,
)

GATE = GateSettings(resamples=200)
TRAIN, TEST = sides(table())
GOOD = candidate([3.0, 0.0], schema_of("x", "z"))
BLIND = candidate([0.0, 3.0], schema_of("x", "z"))


def version(
    model: Candidate, split: SplitSettings = SPLIT, identity: tuple[str, ...] = FEATURES
) -> Version:
    return Version(
        model="demo",
        version="7",
        digest=candidate_digest(model),
        run_id="r",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        bundle_uri="",
        tags={"split": split.model_dump_json(), "identity": json.dumps(identity)},
    )


def champion_of(model: Candidate, held: Version | None = None) -> Champion:
    return Champion(model="demo", version=held or version(model))


def files(model: Candidate) -> Files:
    return Files(model.onnx, model.schema.to_json())


def compare(
    challenger: Candidate,
    champion: Candidate | None,
    *,
    held: Version | None = None,
    gate: GateSettings = GATE,
    test: pd.DataFrame = TEST,
) -> Decision:
    faced = champion_of(champion, held) if champion else Champion(model="demo")
    held_files = files(champion) if champion else None
    return compare_candidate(challenger, faced, held_files, TRAIN, test, gate, SPLIT).decision


def test_the_first_model_is_measured_against_the_trivial_baseline() -> None:
    assert compare(GOOD, None).promoted
    assert compare(GOOD, None).against == "baseline"
    assert compare(BLIND, None).outcome == "refuse"


def test_a_better_challenger_replaces_the_champion() -> None:
    decision = compare(GOOD, BLIND)
    assert (decision.outcome, decision.against, decision.champion) == ("promote", "champion", "7")
    assert decision.rows == len(TEST)


def test_a_worse_challenger_does_not() -> None:
    assert compare(BLIND, GOOD).outcome == "refuse"


def test_the_champion_is_scored_through_its_own_schema() -> None:
    """Its columns come in another order, so that the challenger's encoding would blind it."""
    swapped = candidate([0.0, 3.0], schema_of("z", "x"))
    decision = compare(candidate([2.9, 0.1], schema_of("x", "z")), swapped)
    y = (TEST["y"] == "yes").to_numpy(int)
    expected = primary("binary").function(y, np.column_stack([-TEST["x"], TEST["x"]]))
    assert decision.rival_score is not None
    assert decision.rival_score.value == pytest.approx(expected, abs=1e-4)


def test_the_champions_classes_may_come_in_another_order() -> None:
    """The same judgement, told as the probability of 'no'."""
    turned = candidate([-3.0, 0.0], schema_of("x", "z", classes=("yes", "no")))
    decision = compare(candidate([2.9, 0.1], schema_of("x", "z")), turned)
    assert decision.rival_score is not None
    assert (decision.rival_score.value or 0) > 0.8


def test_the_champion_is_never_tested_on_its_own_training_rows() -> None:
    other = SplitSettings(seed=2, test_share=0.5)
    decision = compare(GOOD, BLIND, held=version(BLIND, other))
    common = hashed_out(TEST, other, FEATURES)
    assert decision.rows == common.sum() < len(TEST)


def test_too_few_common_rows_refuse() -> None:
    other = SplitSettings(seed=2, test_share=0.01)
    decision = compare(GOOD, BLIND, held=version(BLIND, other))
    assert decision.outcome == "refuse"
    assert "held out from both models: too few" in decision.reasons[0]


def test_the_very_same_model_is_left_alone() -> None:
    decision = compare(GOOD, GOOD)
    assert decision.outcome == "unchanged"
    assert "version 7 has the same digest" in decision.reasons[0]


def test_a_model_that_was_rolled_back_from_is_not_promoted_again() -> None:
    faced = champion_of(BLIND).model_copy(update={"withdrawn": (candidate_digest(GOOD),)})
    decision, contest = compare_candidate(GOOD, faced, files(BLIND), TRAIN, TEST, GATE, SPLIT)
    assert contest is None
    assert decision.outcome == "refuse"
    assert "rolled back from" in decision.reasons[0]


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (schema_of("x", "gone"), "no column 'gone'"),
        (schema_of("x", "z", classes=("no", "maybe")), "Class 'maybe' is known to only one"),
        (replace(schema_of("x", "z"), target="other"), "predicts 'other' (binary)"),
        (TableSchema("regression", "y", schema_of("x", "z").columns), "does not load"),
    ],
)
def test_a_champion_that_cannot_be_compared_is_kept_unless_that_is_accepted(
    schema: TableSchema, reason: str
) -> None:
    champion = candidate([1.0, 1.0], schema)
    refused = compare(GOOD, champion)
    assert refused.outcome == "refuse"
    assert reason in refused.reasons[0]
    assert "Set gate.accept_incomparable" in refused.reasons[0]
    accepted = compare(GOOD, champion, gate=GATE.model_copy(update={"accept_incomparable": True}))
    assert (accepted.outcome, accepted.against) == ("promote", "baseline")


def test_an_accepted_incomparable_champion_still_needs_a_model_that_learnt_something() -> None:
    gate = GATE.model_copy(update={"accept_incomparable": True})
    champion = candidate([1.0, 1.0], schema_of("x", "gone"))
    assert compare(BLIND, champion, gate=gate).outcome == "refuse"


def test_a_column_that_the_champion_does_not_know_does_not_disturb_it() -> None:
    assert compare(GOOD, candidate([0.1], schema_of("x"))).against == "champion"


def test_a_champion_whose_split_is_unknown_is_not_compared() -> None:
    bare = version(BLIND).model_copy(update={"tags": {}})
    assert "does not say how it was split" in compare(GOOD, BLIND, held=bare).reasons[0]


def test_a_champion_split_by_a_column_that_is_gone_is_not_compared() -> None:
    lost = version(BLIND, identity=("x", "lost"))
    assert "split by column 'lost'" in compare(GOOD, BLIND, held=lost).reasons[0]


@pytest.mark.parametrize("times", [np.arange(100), pd.date_range("2026-01-01", periods=100)])
def test_a_champion_split_by_time_has_seen_all_rows_up_to_its_last(times: object) -> None:
    frame = pd.DataFrame({"when": times})
    split = SplitSettings(by="time", column="when")
    tags = {"split": split.model_dump_json(), "trained_until": last_time(frame[:60], split)}
    held = version(BLIND).model_copy(update={"tags": tags})
    assert never_seen(frame, held).tolist() == [False] * 60 + [True] * 40


def test_one_row_more_or_less_elsewhere_does_not_change_which_rows_were_seen() -> None:
    frame = table(500)
    whole = never_seen(frame, version(GOOD))
    assert (never_seen(frame[100:], version(GOOD)) == whole[100:]).all()


def test_the_same_inputs_give_the_same_decision() -> None:
    assert compare(GOOD, BLIND) == compare(GOOD, BLIND)
    assert logistic([1.0]) == logistic([1.0])
