"""The few column types a table is brought to, so that the same data is the same table.

float64, int64, bool (boolean where values are missing), str and datetime64[us] without a time zone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from serving.errors import DataError
from steps.data.columnfile import GROUP

_ISO = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?"
# Above this not every integer has a float64 of its own.
_EXACT = 2.0**53
_FIRST, _LAST = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31T23:59:59.999999", "us")
# What a terminal would obey instead of showing it.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def normalise(frame: pd.DataFrame, origin: str = "The table") -> pd.DataFrame:
    """The same table with plain types and a plain index.

    Raises:
        DataError: A name appears twice, or a column holds what is no number, text or time.
    """
    names = [str(name) for name in frame.columns]
    refuse_duplicates(names, origin)
    refuse_nameless(names, origin)
    columns = {str(name): plain(frame[name], str(name)) for name in frame.columns}
    # Columns side by side in one block are a little faster to copy, and a copy themselves.
    return pd.DataFrame(columns, copy=len(frame) <= GROUP).reset_index(drop=True)


def refuse_duplicates(names: Iterable[str], origin: str) -> None:
    """Refuse a name that appears twice; pandas would rename the second without a word.

    Raises:
        DataError: It does.
    """
    twice = [f"'{name}'" for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{origin} has more than one column named {', '.join(twice)}. Give each its own name."
        )


def refuse_nameless(names: Iterable[str], origin: str) -> None:
    """Refuse a name that cannot be shown.

    Raises:
        DataError: There is one.
    """
    for place, name in enumerate(names, start=1):
        if not name.strip() or _CONTROL.search(name):
            raise DataError(
                f"Column {place} of {origin} has a name that cannot be shown: {name!r}. Rename it."
            )


def plain(series: pd.Series, name: str) -> pd.Series:
    """One column in its plain type."""
    types, dtype = pd.api.types, series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return plain(series.astype(dtype.categories.dtype), name)
    if types.is_bool_dtype(dtype):
        return series.astype("boolean" if series.hasnans else "bool")
    if types.is_integer_dtype(dtype) or types.is_float_dtype(dtype):
        return _number(series)
    if types.is_datetime64_any_dtype(dtype):
        return _time(series)
    if types.is_timedelta64_dtype(dtype):
        return series.dt.total_seconds()
    if series.isna().all():
        return pd.Series(np.nan, index=series.index, dtype="float64")
    return _text(series.astype("str")) if dtype == "str" else _object(series, name)


def dtype_name(series: pd.Series) -> str:
    """The type of a plain column as a schema names it."""
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return "datetime64"
    return "bool" if series.dtype == "boolean" else str(series.dtype)


def whole(series: pd.Series) -> bool:
    """Whether a column of numbers holds integers alone, or integers and missing values."""
    if series.dtype != "float64":
        return bool(series.dtype == "int64")
    values = series.dropna().to_numpy()
    return bool((np.abs(values) < _EXACT).all() and (values == np.floor(values)).all())


def as_text(series: pd.Series, dtype: str = "") -> pd.Series:
    """Each value as the name of a category or class: 'true', '3', 'yes'; missing stays missing.

    Args:
        dtype: The type a schema names, where whole numbers of it must stay '3.0': float64.
    """
    if series.dtype == "str":
        return series
    if series.dtype == "bool" or series.dtype == "boolean":
        return series.map({True: "true", False: "false"}).astype("str")
    if dtype == "float64":
        return series.astype("float64").astype("str").where(series.notna())
    if series.dtype == "float64" and whole(series):
        return series.astype("Int64").astype("str").where(series.notna())
    return series.astype("str").where(series.notna())


def _number(series: pd.Series) -> pd.Series:
    """An integer column without gaps as int64, every other number as float64."""
    if series.dtype == "float64":
        return series
    if pd.api.types.is_float_dtype(series.dtype) or series.hasnans:
        return pd.Series(series.to_numpy(np.float64, na_value=np.nan), index=series.index)
    fits = series.dtype != "uint64" or series.max() <= np.iinfo(np.int64).max
    return series.astype("int64" if fits else "float64")


def _time(series: pd.Series) -> pd.Series:
    """A column of times in UTC, without its zone.

    Raises:
        DataError: One lies outside of the years that a calendar has.
    """
    if series.dt.tz is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    try:
        times = series.astype("datetime64[us]")
    except pd.errors.OutOfBoundsDatetime:
        raise DataError(_no_calendar(series)) from None
    if ((times < _FIRST) | (times > _LAST)).any():
        raise DataError(_no_calendar(series))
    return times


def _no_calendar(series: pd.Series) -> str:
    return (
        f"Column '{series.name}' holds a time outside of the years 1 to 9999. Store it as missing, "
        f"or leave the column out with drop: ['{series.name}']."
    )


def _text(series: pd.Series) -> pd.Series:
    """A column of text, or of times where all of it is written as ISO dates."""
    present = series.dropna()
    if not present.head(50).str.fullmatch(_ISO).all() or not present.str.fullmatch(_ISO).all():
        return series
    try:
        return _time(pd.to_datetime(series, format="ISO8601", utc=True))
    except ValueError:
        return series


def _object(series: pd.Series, name: str) -> pd.Series:
    """A column of Python objects, by what they are."""
    held = pd.api.types.infer_dtype(series, skipna=True)
    first = series.dropna().iloc[0]
    if isinstance(first, bytes | list | tuple | dict | set | np.ndarray) or held == "complex":
        raise DataError(
            f"Column '{name}' holds {type(first).__name__} values, which no model here can read. "
            f"Leave it out with drop: ['{name}'], or store numbers, text or times in it."
        )
    if held == "boolean":
        return plain(series.astype("boolean"), name)
    if held in ("integer", "floating", "mixed-integer-float", "decimal"):
        return _from_numbers(series, name)
    if held in ("date", "datetime", "datetime64"):
        return _time(pd.to_datetime(series, utc=True))
    return _text(series.map(_named, na_action="ignore").astype("str"))


def _from_numbers(series: pd.Series, name: str) -> pd.Series:
    """Python's numbers as int64 where they fit, or else as float64.

    Raises:
        DataError: One fits in neither.
    """
    try:
        return _number(pd.to_numeric(series.map(_unboxed, na_action="ignore")))
    except (OverflowError, TypeError, ValueError):
        pass
    try:
        return series.astype("float64")
    except OverflowError:
        raise DataError(
            f"Column '{name}' holds a whole number of more than 300 digits. Store it as text, or "
            f"leave the column out with drop: ['{name}']."
        ) from None


def _unboxed(value: Any) -> int | float:
    """A decimal as an integer where it is one, or else as a float."""
    if isinstance(value, int):
        return value
    return float(value)


def _named(value: Any) -> str:
    """A value of any type as text."""
    return value if isinstance(value, str) else str(value)
