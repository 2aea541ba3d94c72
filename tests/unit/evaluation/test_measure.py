"""Every candidate is measured; the challenger is chosen without the held-out rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from serving.errors import ConfigError, RunError
from steps.data.settings import SplitSettings
from steps.evaluation.evaluation import Evaluations
from steps.evaluation.measure import choose, evaluate_candidates
from steps.evaluation.metrics import find_metric
from steps.evaluation.settings import GateSettings
from tests.unit.evaluation.models import SPLIT, candidate, schema_of, sides, table

_, TEST = sides(table())
SCHEMA = schema_of("x", "z")
GATE = GateSettings(resamples=100)


def test_the_challenger_is_the_best_in_cross_validation_not_on_the_held_out_rows() -> None:
    lucky = candidate([3.0, 0.0], SCHEMA, name="lucky", cv=0.6)
    chosen = candidate([1.0, 1.0], SCHEMA, name="chosen", cv=0.7)
    found = evaluate_candidates([lucky, chosen], TEST, GATE, SPLIT)
    assert found.challenger == "chosen"
    scores = [found.of(name).score("roc_auc").value or 0 for name in ("lucky", "chosen")]
    assert scores[0] > scores[1]


def test_of_equals_the_first_candidate_is_the_challenger() -> None:
    models = [candidate([1.0, 0.0], SCHEMA, name=name) for name in ("plain", "fancy")]
    assert choose(models, find_metric("roc_auc", "binary")).name == "plain"


def test_the_lowest_loss_is_the_best() -> None:
    models = [candidate([1.0, 0.0], SCHEMA, name=str(cv), cv=cv) for cv in (0.5, 0.2)]
    assert choose(models, find_metric("log_loss", "binary")).name == "0.2"


def test_every_metric_has_an_interval_and_the_deciding_one_comes_first() -> None:
    gate = GATE.model_copy(update={"metric": "brier"})
    found = evaluate_candidates([candidate([3.0, 0.0], SCHEMA)], TEST, gate, SPLIT)
    scores = found.candidates[0].scores
    assert scores[0].metric == found.metric == "brier"
    assert len(scores) == 5
    assert all((s.low or 0) < (s.value or 0) < (s.high or 0) for s in scores)


def test_slices_of_the_gate_and_of_sensitive_columns_are_measured_once() -> None:
    gate = GATE.model_copy(update={"slices": ("group",)})
    found = evaluate_candidates([candidate([3.0, 0.0], SCHEMA)], TEST, gate, SPLIT, ("group",))
    slices = found.candidates[0].slices
    assert sorted(part.value for part in slices) == ["False", "True"]
    assert sum(part.rows for part in slices) == len(TEST)


def test_groups_of_a_sensitive_column_are_measured_without_their_names() -> None:
    found = evaluate_candidates([candidate([3.0, 0.0], SCHEMA)], TEST, GATE, SPLIT, ("group",))
    slices = found.candidates[0].slices
    assert sorted(part.value for part in slices) == ["group 1", "group 2"]
    assert sum(part.rows for part in slices) == len(TEST)


def test_a_sensitive_measurement_is_passed_over() -> None:
    found = evaluate_candidates([candidate([3.0, 0.0], SCHEMA)], TEST, GATE, SPLIT, ("x",))
    assert found.candidates[0].slices == ()


def test_an_unknown_slice_column_names_the_near_miss() -> None:
    gate = GATE.model_copy(update={"slices": ("gruop",)})
    with pytest.raises(ConfigError, match=r"'gruop' to slice by\. Did you mean 'group'"):
        evaluate_candidates([candidate([3.0, 0.0], SCHEMA)], TEST, gate, SPLIT)


def test_a_measurement_is_no_column_to_slice_by() -> None:
    gate = GATE.model_copy(update={"slices": ("x",)})
    with pytest.raises(ConfigError, match="values, too many to slice by"):
        evaluate_candidates([candidate([3.0, 0.0], SCHEMA)], TEST, gate, SPLIT)


def test_missing_values_are_a_slice_of_their_own() -> None:
    rows = TEST.assign(side=["left", None] * (len(TEST) // 2) + [None] * (len(TEST) % 2))
    gate = GATE.model_copy(update={"slices": ("side",)})
    found = evaluate_candidates([candidate([3.0, 0.0], SCHEMA)], rows, gate, SPLIT)
    assert {part.value for part in found.candidates[0].slices} == {"left", "(missing)"}


def test_a_candidate_without_a_finite_score_is_an_error_that_names_it() -> None:
    broken = candidate([float("nan"), 0.0], SCHEMA, name="broken")
    with pytest.raises(RunError, match="'broken' has no finite score for held-out row 0"):
        evaluate_candidates([broken], TEST, GATE, SPLIT)


def test_rows_split_by_group_are_resampled_by_group() -> None:
    rows = TEST.assign(owner=TEST.index % 40)
    by_row = evaluate_candidates([candidate([3.0, 0.0], SCHEMA)], rows, GATE, SPLIT)
    grouped = SplitSettings(by="group", column="owner")
    by_group = evaluate_candidates([candidate([3.0, 0.0], SCHEMA)], rows, GATE, grouped)
    assert by_row.candidates[0].scores != by_group.candidates[0].scores


def test_evaluations_survive_being_stored() -> None:
    layered = replace(candidate([3.0, 0.0], SCHEMA), parameters={"hidden": (64, 32)})
    found = evaluate_candidates([layered], TEST, GATE, SPLIT)
    assert Evaluations.model_validate(found.model_dump(mode="json")) == found
