"""Shares of missing values and of categories that have moved by some points."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from steps.monitoring.profile import Reference, count, references
from steps.monitoring.share import missing
from steps.monitoring.shift import Limits, Shift, shifts
from steps.monitoring.statistic import figure
from tests.unit.monitoring.spread import MISSING, SCHEMA, draw

NUMBER, KIND = 0, 3
EMPTY = {NUMBER: np.nan, KIND: MISSING}


def emptied(rows: int, seed: int, column: int, share: float) -> NDArray[np.float32]:
    """Rows of which the first ones lack a column."""
    window = draw(rows, seed)
    window[: round(rows * share), column] = EMPTY[column]
    return window


# A twentieth of either column is missing: of the number by the draw, of the category from here.
REFERENCES = references(emptied(8000, 1, KIND, 0.05), SCHEMA)


def found(rows: NDArray[np.float32], limits: Limits | None = None) -> list[Shift]:
    """Each column of a window against the reference."""
    return shifts(REFERENCES, count(REFERENCES, rows), limits or Limits())


@pytest.mark.parametrize("column", [NUMBER, KIND])
@pytest.mark.parametrize("rows", [700, 1000, 2000, 20_000])
def test_five_points_more_missing_are_found_in_windows_of_any_size(rows: int, column: int) -> None:
    """By a test that is named, with its value and threshold; no other column is blamed."""
    window = emptied(rows, 5, KIND, 0.05 if column == NUMBER else 0.1)
    if column == NUMBER:
        window[np.flatnonzero(~np.isnan(window[:, NUMBER]))[: rows // 20], NUMBER] = np.nan
    each = found(window)
    assert [shift.column for shift in each if shift.drifted] == [REFERENCES[column].name]
    told = each[column]
    assert told.test == "missing share (z test)"
    assert told.value == pytest.approx(0.05, abs=0.01)
    assert told.threshold == pytest.approx(0.03, abs=0.01)
    assert told.missing - told.missing_before == pytest.approx(told.value)


def test_a_change_below_the_limit_is_none_however_many_the_rows() -> None:
    """And one that is certain is found where a config asks for less."""
    window = emptied(50_000, 6, KIND, 0.07)
    assert not found(window)[KIND].drifted
    assert found(window, Limits(missing=0.01))[KIND].drifted


def test_a_categorys_share_is_found_where_the_index_is_blind() -> None:
    """Five points of it, in a large window."""
    window = emptied(20_000, 7, KIND, 0.05)
    window[np.flatnonzero(window[:, KIND] == 0)[:1000], KIND] = 1
    told = found(window)[KIND]
    assert (told.test, told.drifted) == ("category share (z test)", True)
    assert told.value == pytest.approx(0.05, abs=0.01)
    assert found(window, Limits(category=math.inf))[KIND].test == "PSI"


@pytest.mark.parametrize("asked", ["psi", "wasserstein", "ks"])
def test_missing_values_are_watched_beside_a_test_that_was_asked_for(asked: str) -> None:
    """The test is of the values; without the limit they go unseen."""
    tests = {"normal": asked}
    limits = Limits(tests=tests)  # type: ignore[arg-type]
    window = emptied(4000, 8, NUMBER, 0.06)
    assert found(window, limits)[NUMBER].test == "missing share (z test)"
    assert not found(window, replace(limits, missing=math.inf))[NUMBER].drifted


@pytest.mark.parametrize("rows", [200, 3000])
def test_chance_is_that_of_the_chi_square_with_continuity_correction(rows: int) -> None:
    """A change is beyond chance where scipy finds it so."""
    reference = Reference("a", (0.0,), (500, 450), 50)
    for gone in range(rows // 100, rows // 6, max(rows // 200, 1)):
        window = np.array([rows - gone, 0, gone])
        table = np.array([[950, 50], [rows - gone, gone]])
        by_scipy = chi2_contingency(table, correction=True).pvalue < 0.01
        assert missing(reference, window, 1e-9, 0.01).drifted == by_scipy


def test_a_change_of_a_share_is_told_in_points() -> None:
    """Other tests by their numbers."""
    assert figure("missing share (z test)", 0.0512) == "5.12 points"
    assert figure("PSI", 0.0512) == "0.0512"
