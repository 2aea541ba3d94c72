"""Models of different windows of time, blended: where the truth changes and where it stays."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from pipelines.settings import RunConfig
from serving.errors import DataError
from serving.schema import Column, TableSchema
from steps.data.encoding import encode_frame, encode_target
from steps.evaluation.metrics import find_metric
from steps.training.blending import blend_candidates
from steps.training.candidate import Candidate
from steps.training.estimators import fit, score
from steps.training.export import onnx_scores, to_onnx
from steps.training.training import prepare, train

SCHEMA = TableSchema(
    "binary",
    "bought",
    tuple(Column(name, "numeric", "float64") for name in ("price", "age", "visits")),
    ("no", "yes"),
)
ROWS, TEST = 3000, 1000
CONFIG = RunConfig.model_validate(
    {
        "model": "shop",
        "data": {"data": "shop.csv", "target": "bought"},
        "split": {"by": "time", "column": "day"},
        "candidates": [{"name": "linear", "kind": "linear"}],
        "ensemble": {"windows": [1.0, 0.5, 0.25]},
    }
)
AUC = find_metric("roc_auc", "binary")


def rows(seed: int, change: float) -> pd.DataFrame:
    """Rows in a random order, with their day; from `change` on another column decides.

    Args:
        change: The place in the training rows, 0 to 1; above 1 nothing changes.
    """
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(ROWS + TEST, 3)), columns=list(SCHEMA.names))
    frame["day"] = np.arange(ROWS + TEST) // 10
    late = np.arange(ROWS + TEST) >= change * ROWS if change <= 1 else np.zeros(ROWS + TEST, bool)
    value = np.where(late, frame["age"] - frame["price"] / 2, frame["price"])
    bought = value + random.normal(scale=0.7, size=len(frame)) > 0
    frame["bought"] = np.where(bought, "yes", "no")
    return frame.sample(frac=1, random_state=seed)


@cache
def results(seed: int, change: float) -> tuple[dict[str, float], Candidate]:
    """The score of each candidate and of the blend on the latest rows, which none has seen."""
    frame = rows(seed, change)
    test = frame["day"] >= ROWS // 10
    tuning = CONFIG.ordered_tuning
    data = prepare(frame[~test], SCHEMA, tuning, 0)
    found = [train(each, data, tuning, "", 0) for each in CONFIG.members]
    blend = blend_candidates(found, data, CONFIG.ensemble, "")
    matrix, target = encode_frame(frame[test], SCHEMA), encode_target(frame[test], SCHEMA)
    answers = {each.name: onnx_scores(each.onnx, SCHEMA, matrix) for each in [*found, blend]}
    mean = sum(weight * answers[name] for name, weight in blend.parameters.items())
    assert np.allclose(answers["blend"], mean, atol=1e-4)
    return {name: AUC.function(target, scores) for name, scores in answers.items()}, blend


@pytest.mark.parametrize("seed", [0, 1])
def test_after_a_change_the_windows_beat_the_model_of_all_rows(seed: int) -> None:
    """What decides changed three quarters through the training rows."""
    scores, blend = results(seed, 0.75)
    assert scores["blend"] > scores["linear"] + 0.05
    recent = sum(weight for name, weight in blend.parameters.items() if name != "linear")
    assert recent > 0.5


@pytest.mark.parametrize("seed", [0, 1])
def test_without_a_change_the_windows_cost_next_to_nothing(seed: int) -> None:
    scores, _ = results(seed, 2.0)
    assert scores["blend"] > scores["linear"] - 0.01


def test_early_rows_are_scored_by_nobody_and_the_blend_is_judged_on_the_last_folds() -> None:
    """The same folds for every candidate, so that their scores can be compared."""
    _, blend = results(0, 0.75)
    unscored = np.isnan(blend.oof).all(axis=1)
    assert unscored.mean() == pytest.approx(1 - 0.5 * 3 / 4, abs=0.01)
    assert len(blend.cv_scores) == CONFIG.tuning.folds


def test_a_window_says_so_and_the_same_rows_give_the_same_bytes() -> None:
    frame = rows(3, 2.0)
    data = prepare(frame, SCHEMA, CONFIG.ordered_tuning, 0)
    quarter = CONFIG.members[2]
    first = train(quarter, data, CONFIG.ordered_tuning, "", 0)
    assert first.name == "linear_last25"
    assert "most recent 25% of the training rows, 1,000" in first.note
    again = train(quarter, data, CONFIG.ordered_tuning, "", 0)
    assert first.onnx_digest == again.onnx_digest


def test_a_window_without_a_class_is_refused_with_what_to_do() -> None:
    frame = rows(4, 2.0)
    frame.loc[frame["day"] >= 290, "bought"] = "no"
    data = prepare(frame, SCHEMA, CONFIG.ordered_tuning, 0)
    with pytest.raises(DataError, match=r"no 'bought' = 'yes': take longer windows"):
        train(CONFIG.members[2], data, CONFIG.ordered_tuning, "", 0)


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_a_boosted_window_answers_alike_on_values_that_it_never_saw(seed: int) -> None:
    """A split in the middle of two values lies on a third one, which 32 bits may put on a side."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(3200, 3)).round(3).astype(np.float32)
    target = (matrix[:, 0] + random.normal(size=3200) > 0).astype(np.int64)
    native = fit("boosting", {}, matrix[2400:], target[2400:], SCHEMA, 0)
    answers = onnx_scores(to_onnx(native, SCHEMA, "trees"), SCHEMA, matrix)
    assert np.abs(answers - score(native, matrix, SCHEMA)).max() < 1e-5
