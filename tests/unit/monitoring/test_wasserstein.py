"""The Wasserstein distance of a column, from the counts of its profile."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from serving.errors import ConfigError
from steps.monitoring.profile import Counts, Profile, Reference, count
from steps.monitoring.shift import Choice, Limits, require_known, shifts
from steps.monitoring.wasserstein import chance, deviation, distance
from tests.unit.monitoring.spread import draw, profile

REFERENCES = profile().columns
NAMES = [each.name for each in REFERENCES]


def counted(rows: NDArray[np.float32], place: int) -> tuple[Reference, Counts]:
    """A column of the profile, and a window in its bins."""
    return REFERENCES[place], count(REFERENCES, rows)[place]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("stretch", [1.0, 1.3])
@pytest.mark.parametrize("shift", [0.0, 0.4, -1.0])
def test_it_is_scipys_between_the_outer_quantiles(place: int, stretch: float, shift: float) -> None:
    """For normal numbers, whole ones and skewed ones."""
    rows = draw(6000, 2)
    rows[:, place] = rows[:, place] * np.float32(stretch) + np.float32(shift)
    if place == 1:  # Between whole numbers a profile knows of nothing.
        rows[:, place] = rows[:, place].round()
    reference, now = counted(rows, place)
    low, high = reference.edges[0], reference.edges[-1]
    before, after = (
        np.clip(side[~np.isnan(side)], low, high)
        for side in (draw(8000, 1)[:, place], rows[:, place])
    )
    wanted = wasserstein_distance(before, after) / deviation(reference)
    assert distance(reference, now) == pytest.approx(wanted, rel=0.1, abs=0.01)


def test_the_deviation_is_that_of_the_training_rows() -> None:
    """Of an older profile, which has none, that of its bins."""
    values = draw(8000, 1)[:, 2]
    assert deviation(REFERENCES[2]) == pytest.approx(values.std(), rel=1e-4)
    older = replace(REFERENCES[2], deviation=0.0)
    assert deviation(older) == pytest.approx(values.std(), rel=0.15)
    fields = json.loads(profile().to_json())
    assert Profile.from_json(json.dumps(fields)).columns == REFERENCES
    for each in fields["columns"]:
        del each["deviation"]
    assert Profile.from_json(json.dumps(fields)).columns[2] == older


@pytest.mark.parametrize("rows", [100, 1000, 10_000])
def test_chance_exceeds_its_bound_in_no_more_windows_than_stated(rows: int) -> None:
    """One in ten, over three columns."""
    windows = [draw(rows, seed) for seed in range(500, 600)]
    above = [
        distance(*counted(window, place)) > chance(REFERENCES[place], rows, 0.1)
        for window in windows
        for place in range(3)
    ]
    assert sum(above) <= 30


def test_a_side_without_values_lies_nowhere() -> None:
    """And no distance of it can be told from chance."""
    rows = draw(500, 3)
    rows[:, 0] = np.nan
    reference, now = counted(rows, 0)
    assert distance(reference, now) == 0.0
    assert chance(reference, 0, 0.01) == np.inf


def test_a_small_move_in_a_large_window_is_told_by_it() -> None:
    """Where the index does not see one, which is told where it is further beyond its threshold."""
    found = {shift: shifts(REFERENCES, count(REFERENCES, draw(20_000, 3, shift)), Limits())[0]
             for shift in (0.25, 2.0)}  # fmt: skip
    assert (found[0.25].test, found[0.25].drifted) == ("Wasserstein", True)
    assert found[0.25].value == pytest.approx(0.25, rel=0.1)
    assert (found[2.0].test, found[2.0].drifted) == ("PSI", True)


@pytest.mark.parametrize("rows", [300, 3000])
def test_a_column_may_have_a_test_of_its_own(rows: int) -> None:
    """Whatever the rows; the others keep theirs."""
    asked: dict[str, Choice] = {"normal": "wasserstein", "whole": "ks", "skewed": "psi"}
    found = shifts(REFERENCES, count(REFERENCES, draw(rows, 4)), Limits(tests=asked))
    assert [each.test for each in found[:3]] == ["Wasserstein", "KS p-value", "PSI"]
    assert found[3].test == ("PSI" if rows >= 1000 else "chi-square p-value")
    assert not any(each.drifted for each in found)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"kind": "wasserstein"}, "'kind' holds categories, for which there is no wasserstein"),
        ({"normal": "chi-square"}, "'normal' holds numbers, for which there is no chi-square"),
        ({"norml": "psi"}, "no column 'norml' in the profile. Did you mean 'normal'?"),
    ],
)
def test_a_test_that_a_column_cannot_have_is_refused(asked: dict[str, Choice], told: str) -> None:
    window = count(REFERENCES, draw(300, 4))

    def judge() -> None:
        require_known(asked, NAMES)
        shifts(REFERENCES, window, Limits(tests=asked))

    with pytest.raises(ConfigError, match=re.escape(told)):
        judge()
