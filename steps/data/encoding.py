"""A table as the float32 matrix that models read; the same numbers that serving makes of JSON."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.errors import DataError, near_miss
from serving.schema import Column, TableSchema
from steps.data.columns import LARGEST
from steps.data.dtypes import as_text, dtype_name, whole
from steps.data.stored import Table, parts

DAY = np.timedelta64(1, "D") / np.timedelta64(1, "us")


def encode_frame(frame: Table, schema: TableSchema) -> NDArray[np.float32]:
    """The schema's columns as a matrix [rows, columns]; other columns are left aside.

    A missing value is encoded as missing even where training had none, so that a held-out row can
    be scored; serving refuses it there.

    Raises:
        DataError: A column is absent, holds another type, or a category to be refused.
    """
    matrix = np.empty((len(frame), len(schema.columns)), dtype=np.float32)
    for place, column in enumerate(schema.columns):
        if column.name not in frame.columns:
            raise DataError(
                f"The table has no column '{column.name}', which the model reads. "
                f"{near_miss(column.name, frame.columns)}"
            )
        encode_column(frame, column, schema, matrix[:, place])
    return matrix


def encode_column(
    frame: Table, column: Column, schema: TableSchema, into: NDArray[np.float32]
) -> None:
    """One column of `encode_frame` [rows].

    Raises:
        DataError: It holds another type, or a category to be refused.
    """
    first = 0
    for part in parts(frame, column.name):
        into[first : first + len(part)] = _encoded(part, column, schema)
        first += len(part)


def encode_target(frame: Table, schema: TableSchema) -> NDArray[np.int64] | NDArray[np.float64]:
    """The target as numbers: places in `schema.classes`, or in a regression the values.

    Raises:
        DataError: A target is missing, or of a class that the schema does not have.
    """
    target = frame[schema.target]
    if target.isna().any():
        raise DataError(f"The target '{schema.target}' is missing in {target.isna().sum()} rows.")
    if schema.task == "regression":
        values: NDArray[np.float64] = target.to_numpy(np.float64)
        return values
    codes: NDArray[np.int64] = pd.Index(schema.classes).get_indexer(as_text(target))
    if (codes < 0).any():
        odd = as_text(target)[codes < 0].iloc[0]
        raise DataError(
            f"'{odd}' is no class of '{schema.target}'. {near_miss(odd, schema.classes)}"
        )
    return codes.astype(np.int64, copy=False)


def days_since(series: pd.Series, column: Column) -> pd.Series:
    """Times as days since a column's origin."""
    elapsed = series.astype("datetime64[us]").to_numpy() - np.datetime64(column.origin, "us")
    # The integer of a missing time is a number like any other.
    days = elapsed.view(np.int64) / DAY
    return pd.Series(days, index=series.index, dtype="float64").mask(series.isna())


def places(texts: pd.Series, names: Sequence[str]) -> NDArray[np.float64]:
    """The place of each text among names, -1 where it is none of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    held = pa.array(texts, from_pandas=True)
    found = pc.index_in(held, value_set=pa.array(names, held.type)).fill_null(-1)
    codes: NDArray[np.float64] = found.to_numpy(zero_copy_only=False).astype(np.float64)
    return codes


def _encoded(series: pd.Series, column: Column, schema: TableSchema) -> NDArray[np.float64]:
    """One column as numbers."""
    if series.isna().all():
        missing = len(column.categories) + 1 if column.kind == "categorical" else np.nan
        return np.full(len(series), missing, dtype=np.float64)
    if not fits(series, column):
        raise DataError(
            f"Column '{column.name}' holds {dtype_name(series)} where the model reads "
            f"{column.dtype}."
        )
    if column.kind == "categorical":
        return _codes(series, column, schema)
    if column.kind == "datetime":
        return np.asarray(days_since(series, column), dtype=np.float64)
    return _numbers(series, column)


def fits(series: pd.Series, column: Column) -> bool:
    """Whether a column can be encoded as the schema says."""
    dtype = dtype_name(series)
    if column.kind == "numeric":
        return dtype in ("int64", "float64")
    if column.kind == "categorical" and column.dtype == "int64":
        return whole(series)
    if column.kind == "categorical" and column.dtype == "float64":
        return dtype in ("int64", "float64")
    return dtype == column.dtype


def _numbers(series: pd.Series, column: Column) -> NDArray[np.float64]:
    """A numeric column; by way of float64, as JSON's numbers go."""
    values: NDArray[np.float64] = series.to_numpy(np.float64)
    if (np.abs(values) > LARGEST).any():
        raise DataError(f"Column '{column.name}' holds infinite values.")
    return values


def _codes(series: pd.Series, column: Column, schema: TableSchema) -> NDArray[np.float64]:
    """A categorical column as the places of its categories."""
    texts = as_text(series, column.dtype)
    codes = places(texts, column.categories)
    unseen = (codes < 0) & series.notna().to_numpy()
    if schema.unseen == "refuse" and unseen.any():
        odd = texts[unseen].iloc[0]
        raise DataError(
            f"Column '{column.name}' has no category '{odd}'. {near_miss(odd, column.categories)}"
        )
    codes[unseen] = len(column.categories)
    codes[series.isna().to_numpy()] = len(column.categories) + 1
    return codes
