"""What each column contributed to an answer, where the truth is known."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from serving.errors import DataError
from steps.monitoring.contribution import contributions, draw
from steps.monitoring.explanation import find
from steps.monitoring.profile import Profile, Reference

UNIFORM = tuple(np.linspace(0, 1, 101).tolist())


def uniform(name: str) -> Reference:
    """Numbers that lie evenly between 0 and 1."""
    return Reference(name, UNIFORM, (0, *([10] * 100), 0))


PROFILE = Profile((uniform("a"), uniform("b"), uniform("idle")), ())
ROW = np.array([1.0, 0.25, 0.9], dtype=np.float32)


def test_of_a_sum_each_column_gives_its_weight_times_its_distance_from_the_mean() -> None:
    mean, found = contributions(lambda rows: 4.0 * rows[:, 0] - 2.0 * rows[:, 1], ROW, PROFILE)
    value = {each.column: each.value for each in found}
    error = {each.column: each.error for each in found}
    assert abs(value["a"] - 4.0 * (1.0 - 0.5)) < 5 * error["a"]
    assert abs(value["b"] + 2.0 * (0.25 - 0.5)) < 5 * error["b"]
    assert abs(mean - (2.0 - 1.0)) < 5 * (error["a"] + error["b"])
    assert [each.column for each in found] == ["a", "b", "idle"]


def test_they_add_up_to_the_score_less_the_mean_one() -> None:
    def score(rows: NDArray[Any]) -> Any:
        return np.sin(3 * rows[:, 0]) * rows[:, 1] + rows[:, 2] ** 2

    mean, found = contributions(score, ROW, PROFILE)
    assert sum(each.value for each in found) == pytest.approx(score(ROW[None])[0] - mean)


def test_two_columns_of_a_product_share_alike_and_an_idle_one_gives_nothing() -> None:
    row = np.array([0.8, 0.8, 0.1], dtype=np.float32)
    _, found = contributions(lambda rows: rows[:, 0] * rows[:, 1], row, PROFILE, orders=2000)
    value = {each.column: each.value for each in found}
    # By symmetry, half of 0.8 * 0.8 less the mean of the product, 1/4.
    assert value["a"] == pytest.approx((0.64 - 0.25) / 2, abs=0.02)
    assert value["b"] == pytest.approx(value["a"], abs=0.03)
    assert value["idle"] == 0.0


def test_the_same_question_gets_the_same_numbers() -> None:
    first = contributions(lambda rows: rows[:, 0] * rows[:, 1], ROW, PROFILE)
    assert contributions(lambda rows: rows[:, 0] * rows[:, 1], ROW, PROFILE) == first


def test_values_are_drawn_as_the_training_had_them() -> None:
    rng = np.random.default_rng(0)
    numbers = draw(Reference("n", (1.0, 2.0), (1, 2, 1), missing=4), 8000, rng)
    assert np.isnan(numbers).mean() == pytest.approx(0.5, abs=0.03)
    present = numbers[~np.isnan(numbers)]
    assert present.min() == 1.0
    assert present.max() == 2.0
    # Two categories, then unseen, then missing: the model's own codes.
    codes = draw(Reference("c", (), (3, 1, 0), missing=0), 8000, rng)
    assert set(np.unique(codes)) == {0.0, 1.0}
    assert (codes == 0).mean() == pytest.approx(0.75, abs=0.03)


def test_a_request_that_is_not_in_the_log_says_what_to_do() -> None:
    log = [{"id": "x", "row": 0}, {"id": "x", "row": 1}]
    assert find(log, "x", 1) is log[1]
    with pytest.raises(DataError, match=r"no request 'y'.*--since"):
        find(log, "y", 0)
    with pytest.raises(DataError, match="its rows are 0 to 1"):
        find(log, "x", 2)
