"""The plain types that every table is brought to."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from serving.errors import DataError
from steps.data.dtypes import as_text, dtype_name, normalise


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (pd.array([1, None], dtype="Int64"), "float64"),
        (np.array([1, 2], dtype="uint8"), "int64"),
        (np.array([1.5, 2], dtype="float32"), "float64"),
        ([True, False], "bool"),
        ([True, None], "bool"),
        ([decimal.Decimal("1.5"), None], "float64"),
        ([datetime.date(2024, 1, 1), None], "datetime64"),
        (["2024-01-01T10:00:00Z", None], "datetime64"),
        (["2024-01-01", "2024-02-30"], "str"),
        (pd.Categorical(["a", None]), "str"),
        ([1, "a"], "str"),
        ([2**70, 1], "float64"),
        ([None, None], "float64"),
        ([datetime.timedelta(hours=1), None], "float64"),
    ],
)
def test_every_type_has_a_plain_one(values: object, dtype: str) -> None:
    """Whatever a format calls it, a column ends as one of a few types."""
    frame = normalise(pd.DataFrame({"x": pd.Series(values)}))
    assert dtype_name(frame["x"]) == dtype


def test_times_are_brought_to_utc() -> None:
    """A time zone is turned into UTC and left off."""
    frame = normalise(pd.DataFrame({"x": pd.to_datetime(["2024-01-01T00:00:00+02:00"])}))
    assert frame["x"].iloc[0] == pd.Timestamp("2023-12-31T22:00:00")


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, b"x"])
def test_nested_values_are_refused(value: object) -> None:
    """A column that no model can read is refused by name, with the way out."""
    with pytest.raises(DataError, match=r"'x' holds .* drop: \['x'\]"):
        normalise(pd.DataFrame({"x": [value, value]}))


def test_duplicate_names_are_refused() -> None:
    """Two columns of one name are an error that names it."""
    with pytest.raises(DataError, match="more than one column named 'a'"):
        normalise(pd.DataFrame([[1, 2]], columns=["a", "a"]))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([True, False], ["true", "false"]),
        ([3.0, np.nan], ["3", np.nan]),
        ([3, -1], ["3", "-1"]),
        ([1.5, 2.0], ["1.5", "2.0"]),
        ([1e300, 1.0], ["1e+300", "1.0"]),
    ],
)
def test_categories_are_named_by_their_values(values: list[object], texts: list[object]) -> None:
    """A value's name is the one JSON would give it, and missing stays missing."""
    named = as_text(normalise(pd.DataFrame({"x": values}))["x"])
    assert named.fillna("-").tolist() == ["-" if text is np.nan else text for text in texts]


def test_floats_keep_their_fraction_when_told() -> None:
    """Where the schema says float64, a whole number is still written as one."""
    assert as_text(pd.Series([2.0]), "float64").tolist() == ["2.0"]
