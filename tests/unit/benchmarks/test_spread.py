"""Medians and ratios."""

import pytest

from benchmarks.spread import Spread, ratios


def test_the_median_of_an_odd_count_is_the_middle_value() -> None:
    assert Spread.of([3.0, 1.0, 8.0]) == Spread(3.0, 1.0, 8.0)


def test_the_median_of_an_even_count_is_between_the_middle_values() -> None:
    assert Spread.of([4.0, 1.0]) == Spread(2.5, 1.0, 4.0)


def test_ratios_are_taken_round_by_round() -> None:
    """A round on a busy machine raises both values and leaves their ratio."""
    assert ratios([1.0, 10.0, 2.0], [2.0, 20.0, 4.0]) == Spread(0.5, 0.5, 0.5)


def test_values_without_a_reference_of_their_round_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])
