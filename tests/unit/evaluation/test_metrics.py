"""Metrics agree with scikit-learn's, on rows as they are and on resamples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from serving.errors import ConfigError
from steps.evaluation import metrics
from steps.evaluation.metrics import find_metric, metrics_of, primary


def _binary(seed: int, decimals: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = np.r_[0, 1, random.integers(0, 2, 30)]
    ones = np.clip(random.random(32), 0.01, 0.99).round(decimals)
    return y, np.column_stack([1 - ones, ones])


BINARY = {
    "roc_auc": lambda y, s, w: reference.roc_auc_score(y, s[:, 1], sample_weight=w),
    "average_precision": lambda y, s, w: reference.average_precision_score(
        y, s[:, 1], sample_weight=w
    ),
    "log_loss": lambda y, s, w: reference.log_loss(y, s, sample_weight=w),
    "brier": lambda y, s, w: reference.brier_score_loss(y, s[:, 1], sample_weight=w),
    "accuracy": lambda y, s, w: reference.accuracy_score(y, s.argmax(axis=1), sample_weight=w),
}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), decimals=st.sampled_from([1, 8]))
def test_binary_metrics_are_scikit_learns_with_ties_and_weights(seed: int, decimals: int) -> None:
    y, scores = _binary(seed, decimals)
    scores = np.clip(scores, 0.01, 0.99)
    scores /= scores.sum(axis=1, keepdims=True)
    counts = np.random.default_rng(seed + 1).integers(0, 3, (3, len(y))).astype(float)
    counts[:, :2] = 1
    for metric in metrics_of("binary"):
        found = metric.resampled(y, scores, counts)
        expected = [BINARY[metric.name](y, scores, row) for row in counts]
        assert found == pytest.approx(expected), metric.name


def test_many_rows_are_measured_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resamples one by one give the numbers that all at once do."""
    for decimals in (1, 8):
        y, scores = _binary(3, decimals)
        counts = np.random.default_rng(4).integers(0, 3, (5, len(y))).astype(float)
        at_once = [metric.resampled(y, scores, counts) for metric in metrics_of("binary")]
        monkeypatch.setattr(metrics, "FEW", 10)
        singly = [metric.resampled(y, scores, counts) for metric in metrics_of("binary")]
        monkeypatch.undo()
        np.testing.assert_allclose(singly, at_once, rtol=1e-14)


def test_multiclass_metrics_are_scikit_learns() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 60)
    scores = random.dirichlet([1, 1, 1], 60)
    predicted = scores.argmax(axis=1)
    found = {metric.name: metric.function(y, scores) for metric in metrics_of("multiclass")}
    assert found == pytest.approx(
        {
            "log_loss": reference.log_loss(y, scores),
            "roc_auc_ovr": reference.roc_auc_score(y, scores, multi_class="ovr"),
            "accuracy": reference.accuracy_score(y, predicted),
            "macro_f1": reference.f1_score(y, predicted, average="macro"),
        }
    )


@given(offset=st.sampled_from([0.0, 1e6]))
def test_regression_metrics_are_scikit_learns_far_from_zero_too(offset: float) -> None:
    random = np.random.default_rng(0)
    y = random.normal(size=50) + offset
    scores = (y + random.normal(size=50) / 2)[:, None]
    weights = random.integers(0, 3, 50).astype(float)
    found = {m.name: m.resampled(y, scores, weights[None])[0] for m in metrics_of("regression")}
    drawn = {"y_true": y, "y_pred": scores[:, 0], "sample_weight": weights}
    assert found == pytest.approx(
        {
            "rmse": reference.root_mean_squared_error(**drawn),
            "mae": reference.mean_absolute_error(**drawn),
            "r2": reference.r2_score(**drawn),
        },
        rel=1e-6,
    )


def test_a_metric_that_needs_two_classes_is_not_a_number_on_one() -> None:
    y, scores = np.ones(5, dtype=int), np.tile([0.4, 0.6], (5, 1))
    assert np.isnan(primary("binary").function(y, scores))


def test_a_certain_and_wrong_probability_costs_a_finite_log_loss() -> None:
    loss = find_metric("log_loss", "binary").function(np.array([1]), np.array([[1.0, 0.0]]))
    assert loss == pytest.approx(15.94, abs=0.01)


def test_no_name_means_the_primary_metric_of_the_task() -> None:
    assert [find_metric("", task).name for task in ("binary", "multiclass", "regression")] == [
        "roc_auc",
        "log_loss",
        "rmse",
    ]


def test_an_unknown_metric_names_the_near_miss() -> None:
    with pytest.raises(ConfigError, match="no binary metric 'roc_acu'"):
        find_metric("roc_acu", "binary")


def test_improvement_is_positive_when_better_whatever_the_direction() -> None:
    better, worse = np.array([0.2]), np.array([0.5])
    assert find_metric("log_loss", "binary").improvement(better, worse) == pytest.approx(0.3)
    assert find_metric("roc_auc", "binary").improvement(worse, better) == pytest.approx(0.3)
