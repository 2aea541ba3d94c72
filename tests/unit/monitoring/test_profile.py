"""The reference profile."""

from dataclasses import replace

import numpy as np

from serving.schema import Column
from steps.monitoring.profile import Profile, count, count_answers, learn, watched
from tests.unit.monitoring.spread import MISSING, SCHEMA, UNSEEN, answers, draw, profile


def test_every_row_is_in_one_bin_of_each_column() -> None:
    """Missing values have one of their own."""
    found = profile()
    assert {each.rows for each in (*found.columns, *found.answers)} == {8000}
    assert found.columns[0].missing == int(np.isnan(draw(8000, 1)[:, 0]).sum())


def test_a_profile_is_the_same_after_writing_and_reading() -> None:
    """And the same rows give the same bytes."""
    assert Profile.from_json(profile().to_json()) == profile()
    assert profile().to_json() == profile().to_json()


def test_a_window_is_counted_as_the_reference_was() -> None:
    """The training rows themselves have the profile's own counts."""
    found = profile()
    for reference, counts in zip(found.columns, count(found.columns, draw(8000, 1)), strict=True):
        assert [*reference.counts, reference.missing] == counts.tolist()
    told = count_answers(found, answers(8000, 1), SCHEMA)
    for reference, counts in zip(found.answers, told, strict=True):
        assert [*reference.counts, reference.missing] == counts.tolist()


def test_windows_add_up() -> None:
    """Counted in parts or whole: no window has to be in memory at once."""
    references, rows = profile().columns, draw(5000, 9)
    parts = [count(references, rows[at : at + 700]) for at in range(0, 5000, 700)]
    for place, whole in enumerate(count(references, rows)):
        np.testing.assert_array_equal(sum(part[place] for part in parts), whole)


def test_categories_that_training_did_not_hold_are_counted_apart() -> None:
    """Unseen ones before the missing ones."""
    rows = draw(10, 2)
    rows[:3, 3], rows[3, 3] = UNSEEN, MISSING
    assert count(profile().columns, rows)[3][-2:].tolist() == [3, 1]


def test_a_column_without_a_value_or_with_one_alone_can_be_profiled() -> None:
    """They have one bin, and what comes later falls into it or beside it."""
    rows = np.column_stack([np.full(50, np.nan), np.ones(50)]).astype(np.float32)
    columns = (Column("none", "numeric", "float64", 1.0), Column("one", "numeric", "float64"))
    found = learn(rows, answers(50, 1), replace(SCHEMA, columns=columns))
    assert [each.rows for each in found.columns] == [50, 50]
    later = np.array([[3.0, 0.0], [np.nan, 2.0]], dtype=np.float32)
    assert [counts.sum() for counts in count(found.columns, later)] == [2, 2]


def test_a_sensitive_column_is_not_watched() -> None:
    """The log does not hold its values, and no profile keeps their spread."""
    columns = (*SCHEMA.columns[:3], replace(SCHEMA.columns[3], sensitive=True))
    assert watched(replace(SCHEMA, columns=columns)).names == ("normal", "whole", "skewed")
