"""A column's bytes hold every value as it was, whatever values come together."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.shipping.columns import Kept
from serving.shipping.gathered import Gathered

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
DECIMALS = st.decimals(-1000, 1000, places=3).map(float)
WHOLE = st.integers(-(2**63), 2**64 - 1)
TEXTS = st.sampled_from(["a", "b", "true", "", "Köln\n"])
KINDS = (NUMBERS, DECIMALS, WHOLE, st.integers(-130, 130), TEXTS, st.text(), st.booleans())
# What one column may hold: values of one kind, or of several, with and without gaps.
VALUES = st.one_of(
    *map(st.lists, KINDS),
    *(st.lists(st.one_of(kind, st.none())) for kind in KINDS),
    st.lists(st.one_of(*KINDS, st.none())),
    st.lists(st.lists(st.none())),
)


def kept(*some: list[Any], times: bool = False) -> Kept:
    """Values that came in parts, as a block keeps them."""
    gathered = Gathered(times=times)
    for values in some:
        gathered.add(values)
    how, data = gathered.packed()
    return Kept(how, memoryview(data), gathered.rows)


def told(values: list[Any]) -> list[object]:
    """Values with their types, a float by its bits: there are two zeros."""
    return [
        struct.pack("d", each) if type(each) is float else (each, type(each)) for each in values
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(VALUES.filter(bool), min_size=1, max_size=3))
def test_every_value_comes_back_as_it_was(some: list[list[Any]]) -> None:
    """Also where the parts of a column hold values of different kinds."""
    held = kept(*some)
    values = [value for each in some for value in each]
    assert told(list(held.values())) == told(values)
    floats = held.floats()
    if floats is not None:
        wanted = np.array([np.nan if each is None else each for each in values], dtype=np.float64)
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(floats.astype("f4"), wanted.astype("f4"))


@pytest.mark.parametrize(
    ("values", "how"),
    [
        ([0.5, None, 1.25], {"number": "<f4"}),
        ([0.1234567890123, -0.0], {"number": "<f8"}),
        ([1, None, 127], {"number": "<i1"}),
        ([1, -128], {"number": "<i2"}),
        ([4, 2.5, None], {"number": "<f4", "whole": True}),
        (["x"] * 4, {"all": "x"}),
        ([True, None, True, None], {"of": [True, None]}),
        ([str(each) for each in range(9)], {"json": True}),
        ([2**63, 1], {"json": True}),
    ],
)
def test_a_column_takes_the_fewest_bytes_that_hold_it(
    values: list[Any], how: dict[str, Any]
) -> None:
    assert kept(values).how == how


def test_times_are_numbers_where_they_are_as_a_server_writes_them() -> None:
    """Others stay text, so that nothing of them is lost."""
    times = ["2026-07-31T12:00:00.000001Z", "1969-12-31T23:59:59.000000Z"]
    assert kept(times, times=True).how == {"time": True}
    for other in (
        "2026-07-31T12:00:00Z",
        "2026-07-31T12:00:61.000000Z",
        "2026-07-31T12.00:00.000000Z",
    ):
        assert kept([*times, other], times=True).values() == [*times, other]
    held = kept([*times, "2026-07-31T12:00:00Z"], times=True)
    assert held.how == {"json": True}
    assert held.moments().tolist() == [1785499200000001, -1000000, 1785499200000000]
