"""The model's contract, row by row: what breaks it is named and never filled in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.errors import DataError, near_miss
from serving.refusals import told
from serving.schema import Column, TableSchema
from steps.data.columns import LARGEST
from steps.data.dtypes import as_text, plain
from steps.data.encoding import encode_frame

Mask = NDArray[np.bool_]
TRUTH = {"true": True, "false": False}


class Faults:
    """Which rows break the contract, and by what: the first fault of each."""

    def __init__(self, rows: int) -> None:
        self.mask: Mask = np.zeros(rows, dtype=np.bool_)
        self.reasons: NDArray[np.object_] = np.full(rows, None, dtype=object)

    def add(self, bad: Mask, reason: Callable[[int], str]) -> None:
        """Note a fault of these rows, but for those that have one."""
        for row in np.flatnonzero(bad & ~self.mask):
            self.reasons[row] = reason(int(row))
        self.mask |= bad


def encode_rows(frame: pd.DataFrame, schema: TableSchema) -> tuple[NDArray[np.float32], Faults]:
    """The matrix [rows, columns] that the model reads, and the rows that are not to be scored.

    Raises:
        DataError: A column that the model reads is absent.
    """
    faults = Faults(len(frame))
    columns = {}
    for column in schema.columns:
        if column.name not in frame.columns:
            hint = near_miss(column.name, frame.columns)
            raise DataError(
                f"The table has no column '{column.name}', which the model reads. {hint}"
            )
        columns[column.name] = _checked(frame[column.name], column, schema, faults)
    return encode_frame(pd.DataFrame(columns), schema), faults


def _checked(series: pd.Series, column: Column, schema: TableSchema, faults: Faults) -> pd.Series:
    """A column with its faulty values taken out, in the type that the schema names."""
    found, bad = typed(series, column)
    name = column.name
    faults.add(
        bad,
        lambda row: f"Column '{name}' holds {told(series.iloc[row])}, not {TOLD[column.dtype]}.",
    )
    missing = series.isna().to_numpy()
    if not column.missing_share:
        faults.add(missing, lambda _: f"Column '{name}' is missing.")
    if column.kind == "categorical" and schema.unseen == "refuse":
        texts = as_text(found, column.dtype)
        unseen = (found.notna() & ~texts.isin(column.categories)).to_numpy()
        faults.add(unseen, lambda row: f"Column '{name}' has no category '{texts.iloc[row]}'.")
        found = found.mask(unseen)
    return found


TOLD = {
    "float64": "a finite number",
    "int64": "a whole number",
    "str": "text",
    "bool": "true or false",
    "datetime64": "an ISO 8601 time",
}


def typed(series: pd.Series, column: Column) -> tuple[pd.Series, Mask]:
    """A column in its schema's type, and where it holds something else."""
    here = series.notna().to_numpy()
    if not here.any():
        return pd.Series(np.nan, index=series.index, dtype="float64"), ~here & here
    # A number is read as it is, also where training only saw whole ones; a category is a name.
    dtype = "float64" if column.kind == "numeric" else column.dtype
    found = READERS[dtype](series)
    bad = here & found.isna().to_numpy()
    return found, bad


def _numbers(series: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(series.dtype) or series.dtype.kind in "Mm":
        return pd.Series(np.nan, index=series.index, dtype="float64")
    numeric = pd.api.types.is_numeric_dtype(series.dtype)
    found = series if numeric else pd.to_numeric(series.map(_plain), errors="coerce")
    values = found.to_numpy(np.float64, na_value=np.nan)
    return pd.Series(values, index=series.index).where(np.abs(values) <= LARGEST)


def _whole(series: pd.Series) -> pd.Series:
    found = _numbers(series)
    return found.where(found == np.floor(found))


def _text(series: pd.Series) -> pd.Series:
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.dtype.categories.dtype)
    if series.dtype == "str":
        return series
    return series.map(lambda value: value if isinstance(value, str) else None).astype("str")


def _truth(series: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(series.dtype):
        return series.astype("boolean")
    words = series.map(lambda value: TRUTH.get(str(value).lower()), na_action="ignore")
    return words.astype("boolean")


def _times(series: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return plain(series, str(series.name))
    if pd.api.types.is_numeric_dtype(series.dtype):
        return pd.Series(pd.NaT, index=series.index, dtype="datetime64[us]")
    found = pd.to_datetime(series, format="ISO8601", errors="coerce", utc=True)
    return found.dt.tz_localize(None).astype("datetime64[us]")


def _plain(value: Any) -> Any:
    """What a database gives for a number: a decimal as a float, a boolean as none."""
    return None if isinstance(value, bool) else value


READERS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "float64": _numbers,
    "int64": _whole,
    "str": _text,
    "bool": _truth,
    "datetime64": _times,
}
