"""The blend: who is in it, what it answers and how good it is said to be."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from serving.errors import RunError
from serving.schema import Task
from steps.evaluation.metrics import find_metric
from steps.training.blending import blend_candidates
from steps.training.candidate import Candidate
from steps.training.ensemble import nested_scores, select
from steps.training.export import onnx_scores
from steps.training.settings import CandidateSettings, EnsembleSettings, TuningSettings
from steps.training.training import prepare, train
from steps.training.tuning import TrainingData
from tests.unit.training.tables import schema_of, table

LOG_LOSS = find_metric("log_loss", "binary")
TUNING = TuningSettings()


@cache
def trained(task: Task) -> tuple[TrainingData, list[Candidate]]:
    """Two candidates on the small table."""
    data = prepare(table(task), schema_of(task), TUNING, 0)
    settings = [
        CandidateSettings(name="linear", kind="linear"),
        CandidateSettings(name="boosting", kind="boosting", parameters={"max_iter": 20}),
    ]
    return data, [train(one, data, TUNING, "", 0) for one in settings]


def pair(positive: Any) -> Any:
    """Binary scores from the probability of the second class."""
    return np.stack([1 - positive, positive], axis=1).astype(np.float32)


def test_two_members_that_err_apart_share_the_weight() -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 2, 500)
    noisy = [np.clip(target * 0.4 + 0.3 + random.normal(0, 0.2, 500), 0.01, 0.99) for _ in "ab"]
    weights = select([pair(one) for one in noisy], target, LOG_LOSS, 20)
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0.3).all()


def test_a_member_that_nothing_improves_on_stands_alone() -> None:
    target = np.arange(100) % 2
    perfect, chance = pair(np.where(target == 1, 0.99, 0.01)), pair(np.full(100, 0.5))
    assert select([chance, perfect], target, LOG_LOSS, 20).tolist() == [0.0, 1.0]


def test_the_scores_of_a_row_use_weights_chosen_without_it() -> None:
    """The first member is perfect on one half of the rows and the second on the other."""
    target = np.arange(200) % 2
    folds = np.repeat([0, 1], 100)
    perfect, wrong = np.where(target == 1, 0.99, 0.01), np.where(target == 1, 0.01, 0.99)
    first = pair(np.where(folds == 0, perfect, wrong))
    second = pair(np.where(folds == 0, wrong, perfect))
    honest = nested_scores([first, second], target, folds, LOG_LOSS, 5)
    assert LOG_LOSS.function(target, honest) == pytest.approx(-np.log(0.01), rel=0.01)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_merged_graph_is_the_weighted_mean_of_its_members(task: Task) -> None:
    data, members = trained(task)
    blend = blend_candidates(members, data, EnsembleSettings(), "")
    assert blend.native is None
    assert sum(blend.parameters.values()) == pytest.approx(1, abs=1e-3)
    scores = {one.name: onnx_scores(one.onnx, data.schema, data.matrix) for one in members}
    wanted = sum(weight * scores[name] for name, weight in blend.parameters.items())
    answers = onnx_scores(blend.onnx, data.schema, data.matrix)
    assert np.allclose(answers, wanted, rtol=1e-4, atol=1e-4)
    again = blend_candidates(members, data, EnsembleSettings(), "")
    assert again.onnx_digest == blend.onnx_digest


def test_a_blend_of_one_candidate_says_so_and_answers_as_it_does() -> None:
    data, members = trained("binary")
    blend = blend_candidates(members[:1], data, EnsembleSettings(), "")
    assert blend.parameters == {"linear": 1.0}
    assert "'linear' alone" in blend.note
    assert np.array_equal(
        onnx_scores(blend.onnx, data.schema, data.matrix),
        onnx_scores(members[0].onnx, data.schema, data.matrix),
    )


def test_candidates_of_other_folds_are_refused() -> None:
    data, members = trained("binary")
    odd = replace(members[1], folds=members[1].folds[::-1].copy())
    with pytest.raises(RunError, match="'boosting' was trained on other rows or folds"):
        blend_candidates([members[0], odd], data, EnsembleSettings(), "")
