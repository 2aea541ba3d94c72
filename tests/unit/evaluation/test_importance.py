"""What columns are worth, asked of the model alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from steps.evaluation.importance import BUDGET, contributions, permutation_importance
from steps.evaluation.metrics import find_metric

RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(1500, 3)).astype(np.float32)
SLOPES = np.array([2.0, -0.5, 0.0])
RMSE = find_metric("rmse", "regression")


def line(rows: NDArray[np.float32]) -> NDArray[Any]:
    """A model whose third column does nothing."""
    found: NDArray[Any] = (rows @ SLOPES)[:, None]
    return found


def test_a_column_that_does_nothing_is_worth_nothing_and_the_strongest_most() -> None:
    rows, found = permutation_importance(line, MATRIX, MATRIX @ SLOPES, RMSE)
    assert rows == 1000
    values = [score.value or 0.0 for score in found]
    assert values[2] == 0
    assert values[0] > values[1] > 0
    assert all((s.low or 0) <= (s.value or 0) <= (s.high or 0) for s in found)


def test_the_same_rows_are_drawn_each_time() -> None:
    first, second = (permutation_importance(line, MATRIX, MATRIX[:, 0], RMSE) for _ in range(2))
    assert first == second


def test_a_wide_table_costs_no_more() -> None:
    """The rows are fewer where the columns are many."""
    asked = []

    def score(rows: NDArray[np.float32]) -> NDArray[Any]:
        asked.append(len(rows))
        return rows[:, :1]

    wide = np.zeros((2000, 400), np.float32)
    permutation_importance(score, wide, np.zeros(2000), RMSE)
    assert sum(asked) <= BUDGET + 1000
    asked.clear()
    contributions(score, wide, wide, 0)
    assert sum(asked) <= BUDGET


def test_contributions_of_a_sum_are_its_parts() -> None:
    """Each is its column's distance from the mean one, and together they make the whole."""
    found = contributions(line, MATRIX, MATRIX, 0)
    rows = MATRIX[np.sort(np.random.default_rng(0).permutation(len(MATRIX))[:60])]
    assert found.values.sum(axis=1).mean() + found.base == pytest.approx(
        line(rows).mean(), abs=1e-4
    )
    expected = rows * SLOPES
    for place in (0, 1):
        assert np.corrcoef(found.values[:, place], expected[:, place])[0, 1] > 0.9
    assert np.abs(found.values[:, 2]).max() < 1e-6


def test_columns_that_work_together_share_what_they_add() -> None:
    """The Shapley value of a product of two is the same for both."""
    ones, zeros = np.ones((20, 2), np.float32), np.zeros((50, 2), np.float32)
    found = contributions(lambda rows: rows[:, :1] * rows[:, 1:], ones, zeros, 0)
    assert found.values == pytest.approx(np.full((20, 2), 0.5))


def test_places_tell_low_from_high_and_leave_out_what_is_missing() -> None:
    matrix = np.array([[1.0], [3.0], [2.0], [np.nan]], np.float32)
    found = contributions(lambda rows: np.nan_to_num(rows), matrix, matrix, 0)
    assert found.places[:3, 0].tolist() == [0, 1, 0.5]
    assert np.isnan(found.places[3, 0])
