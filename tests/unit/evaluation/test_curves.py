"""Curves agree with what the metrics say."""

from __future__ import annotations

import numpy as np
import pytest

from steps.evaluation.curves import (
    calibration_error,
    levels,
    precision_recall,
    reliability,
    roc,
    wilson,
)
from steps.evaluation.metrics import find_metric
from tests.unit.evaluation.tables import labels, scores

Y = labels(3000)
SCORES = scores(Y, 2.0).round(2)  # Many rows share a score.


def test_the_area_under_the_curve_is_the_metric_of_that_name() -> None:
    curve = roc(Y == 1, SCORES[:, 1])
    assert curve.area == pytest.approx(find_metric("roc_auc", "binary").function(Y, SCORES))
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
    assert (np.diff(curve.x) >= 0).all()
    assert (np.diff(curve.y) >= 0).all()


def test_the_average_precision_is_the_metric_of_that_name() -> None:
    curve = precision_recall(Y == 1, SCORES[:, 1])
    metric = find_metric("average_precision", "binary")
    assert curve.area == pytest.approx(metric.function(Y, SCORES))
    assert curve.y[-1] == pytest.approx(Y.mean())


def test_rows_of_one_score_share_a_bin_and_none_is_lost() -> None:
    bins = reliability(Y == 1, SCORES[:, 1])
    assert sum(each.rows for each in bins) == len(Y)
    assert [each.predicted for each in bins] == sorted({each.predicted for each in bins})
    assert all(each.low <= each.actual <= each.high for each in bins)


def test_probabilities_that_come_true_have_no_error_and_others_have() -> None:
    random = np.random.default_rng(0)
    said = random.random(20_000)
    true = random.random(20_000) < said
    assert calibration_error(reliability(true, said)) < 0.02
    assert calibration_error(reliability(true, said**3)) > 0.2


def test_one_score_for_all_is_one_bin() -> None:
    (only,) = reliability(Y == 1, np.full(len(Y), 0.3))
    assert only.actual == pytest.approx(Y.mean())


def test_levels_hold_the_middle_of_the_true_values() -> None:
    predicted = np.repeat(np.arange(10.0), 100)
    actual = predicted + np.tile(np.linspace(-1, 1, 100), 10)
    found = levels(actual, predicted)
    assert [each.predicted for each in found] == list(range(10))
    assert all(each.high - each.low == pytest.approx(1.6, abs=0.05) for each in found)


def test_an_interval_of_no_hits_does_not_end_at_none() -> None:
    low, high = wilson(0.0, 50)
    assert low == pytest.approx(0, abs=1e-12)
    assert 0.05 < high < 0.1
