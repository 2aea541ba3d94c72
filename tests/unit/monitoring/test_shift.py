"""Which columns are said to have drifted."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from steps.monitoring.chance import holm
from steps.monitoring.profile import count
from steps.monitoring.shift import Limits, shifts
from steps.monitoring.stability import stability_index
from tests.unit.monitoring.spread import UNSEEN, draw, profile

REFERENCES = profile().columns


def drifted(rows: np.ndarray, limits: Limits | None = None) -> set[str]:
    """The names of the drifted columns."""
    found = shifts(REFERENCES, count(REFERENCES, rows), limits or Limits())
    return {each.column for each in found if each.drifted}


@pytest.mark.parametrize("rows", [200, 900, 1000, 20_000])
def test_rows_of_the_same_distribution_raise_few_alarms(rows: int) -> None:
    """At most the stated share of windows, with what a draw of a hundred may add."""
    alarms = sum(bool(drifted(draw(rows, seed))) for seed in range(100, 200))
    assert alarms <= 5


@pytest.mark.parametrize("rows", [300, 900, 1000, 20_000])
def test_a_moved_column_is_named_and_no_other(rows: int) -> None:
    """Half a standard deviation."""
    assert drifted(draw(rows, 3, shift=0.5)) == {"normal"}


@pytest.mark.parametrize("rows", [400, 4000])
def test_new_categories_are_a_drift(rows: int) -> None:
    """And their share is told."""
    window = draw(rows, 4)
    window[: rows // 10, 3] = UNSEEN
    found = shifts(REFERENCES, count(REFERENCES, window), Limits())
    assert {each.column for each in found if each.drifted} == {"kind"}
    assert found[3].unseen == pytest.approx(0.1)


@pytest.mark.parametrize("rows", [400, 4000])
def test_values_that_go_missing_are_a_drift(rows: int) -> None:
    """Before and after are told."""
    window = draw(rows, 5)
    window[: rows // 4, 0] = np.nan
    found = shifts(REFERENCES, count(REFERENCES, window), Limits())[0]
    assert found.drifted
    assert found.missing > 0.25 > 0.06 > found.missing_before


def test_a_small_window_is_told_by_chance_and_a_large_one_by_size() -> None:
    """Each names its test and threshold."""
    small = shifts(REFERENCES, count(REFERENCES, draw(500, 6)), Limits())
    assert [each.test for each in small] == ["KS p-value"] * 3 + ["chi-square p-value"]
    large = shifts(REFERENCES, count(REFERENCES, draw(1500, 6)), Limits())
    assert {each.test for each in large} == {"PSI"}
    assert all(each.threshold >= 0.1 for each in large)


def test_a_change_too_small_to_matter_is_none_in_a_large_window() -> None:
    """Less than a tenth of a deviation is certain in 50,000 rows, and not worth an alarm."""
    assert drifted(draw(50_000, 7, shift=0.07)) == set()
    assert drifted(draw(50_000, 7, shift=0.07), Limits(psi=0.004)) == {"normal"}


def test_the_p_values_are_those_of_scipy() -> None:
    """On a column of few distinct values, which binning leaves as they are."""
    before, now = draw(8000, 1)[:, 1], draw(600, 8)[:, 1] + (np.arange(600) % 5 == 0)
    window = draw(600, 8)
    window[:, 1] = now
    found = shifts(REFERENCES, count(REFERENCES, window), Limits())[1]
    assert found.value == pytest.approx(ks_2samp(before, now, method="asymp").pvalue, rel=0.1)


def test_the_index_of_equal_shares_is_nothing() -> None:
    """And it grows with their distance."""
    even = np.full(10, 1000.0)
    assert stability_index(even, even / 10) == pytest.approx(0.0, abs=1e-5)
    bent = even * np.linspace(0.5, 1.5, 10)
    assert 0.05 < stability_index(even, bent) < stability_index(even, bent**2)


def test_holm_holds_each_value_to_its_own_step() -> None:
    """The smallest to alpha over their number; from the first that fails on none passes."""
    values = np.array([0.04, 0.001, 0.02])
    assert (values < holm(values, 0.05)).tolist() == [True, True, True]
    values = np.array([0.04, 0.001, 0.03])
    assert (values < holm(values, 0.05)).tolist() == [False, True, False]
    assert (holm(np.array([0.9]), 0.05) == 0.05).all()
