"""The schema that a model is trained by, learnt from its training rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from serving.example import example_value
from serving.schema import Column, Kind, TableSchema, Task
from steps.data.dtypes import as_text, dtype_name, whole
from steps.data.encoding import days_since
from steps.data.settings import ValidationSettings
from steps.data.stored import Table
from steps.data.target import class_names
from steps.data.values import distinct, extent, missing_share, value_rows

EXAMPLES = 3
# A sensitive category of fewer training rows than this could name somebody.
FEWEST = 10


def learn_schema(
    train_rows: Table,
    features: Mapping[str, Kind],
    target: str,
    task: Task,
    settings: ValidationSettings,
    sensitive: Collection[str] = (),
) -> TableSchema:
    """Names, types, missing shares, ranges and categories as the training rows have them.

    Args:
        sensitive: Features of which the schema must give no row's value away.
    """
    ordered = sorted(features, key=lambda name: features[name] == "categorical")
    columns = tuple(
        _learn_sensitive(train_rows, name, features[name], settings)
        if name in sensitive
        else _learn(train_rows, name, features[name], settings)
        for name in ordered
    )
    return TableSchema(
        task=task,
        target=target,
        columns=columns,
        classes=() if task == "regression" else class_names(distinct(train_rows, target)),
        unseen=settings.unseen,
        examples=_examples(train_rows, columns),
    )


def _learn(train_rows: Table, name: str, kind: Kind, settings: ValidationSettings) -> Column:
    """One column as the training rows have it."""
    if kind == "categorical":
        return _learn_categories(train_rows, name, settings)
    seen, first = extent(train_rows, name), pd.Series(dtype=train_rows.dtypes[name])
    column = Column(name, kind, dtype_name(first), missing_share(seen.present, seen.rows))
    if kind == "datetime":
        column = replace(column, origin=_origin(seen.minimum))
    if not seen.present:
        return column
    ends = pd.Series([seen.minimum, seen.maximum])
    low, high = days_since(ends, column) if kind == "datetime" else ends
    return replace(column, minimum=float(low), maximum=float(high))


def _learn_categories(train_rows: Table, name: str, settings: ValidationSettings) -> Column:
    """A column of categories as the training rows have it."""
    counts, rows = value_rows(train_rows, name), len(train_rows)
    values = counts.index.to_series().astype(train_rows.dtypes[name])
    dtype = "int64" if values.dtype == "float64" and whole(values) else dtype_name(values)
    categories = _categories(counts, dtype, settings.max_categories)
    missing = missing_share(int(counts.sum()), rows)
    return Column(name, "categorical", dtype, missing, categories=categories)


def _learn_sensitive(
    train_rows: Table, name: str, kind: Kind, settings: ValidationSettings
) -> Column:
    """The same with a round range, and without a category that only a few rows have."""
    column = replace(_learn(train_rows, name, kind, settings), sensitive=True)
    if column.dtype == "bool":
        return column
    if kind == "categorical" and settings.unseen == "other":
        counts = value_rows(train_rows, name)
        values = counts.index.to_series().astype(train_rows.dtypes[name])
        rows = counts.set_axis(as_text(values, column.dtype).to_numpy())
        return replace(column, categories=tuple(c for c in column.categories if rows[c] >= FEWEST))
    if column.minimum is None or column.maximum is None:
        return column
    low, high = column.minimum, column.maximum
    if column.origin is not None:
        first = pd.Timestamp(column.origin)
        column = replace(column, origin=f"{first.year}-01-01")
        low, high = low + first.dayofyear - 1, high + first.dayofyear - 1
    low, high = _rounded(low, high)
    return replace(column, minimum=low, maximum=high)


def _rounded(low: float, high: float) -> tuple[float, float]:
    """The range widened to a tenth of itself, or of its values where all are the same."""
    unit = 10.0 ** math.floor(math.log10((high - low) or abs(high) or 1.0))
    return math.floor(low / unit) * unit, math.ceil(high / unit) * unit


def _categories(rows: pd.Series, dtype: str, most: int) -> tuple[str, ...]:
    """The most frequent values, in the order of their names; numbers in that of their values.

    Args:
        rows: How many rows each value has.
    """
    if dtype == "bool":
        return ("false", "true")
    counts = rows.reset_index()
    value, count = counts.columns
    kept = counts.sort_values([count, value], ascending=[False, True], kind="stable")[value][:most]
    return tuple(as_text(kept.sort_values(), dtype))


def _origin(first: pd.Timestamp | None) -> str:
    """The day of the first time."""
    return "1970-01-01" if first is None else str(first.date())


def _examples(train_rows: Table, columns: Sequence[Column]) -> tuple[dict[str, object], ...]:
    """A few rows from the beginning, the middle and the end."""
    places = np.unique(np.linspace(0, len(train_rows) - 1, EXAMPLES).astype(int))
    rows = train_rows.take(places)
    return tuple(
        {column.name: _example(rows[column.name].iloc[place], column) for column in columns}
        for place in range(len(rows))
    )


def _example(value: object, column: Column) -> object:
    return example_value(column) if column.sensitive else json_value(value, column)


def json_value(value: object, column: Column) -> object:
    """A table's value as a request carries it."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if column.kind == "categorical" and column.dtype == "int64":
        return int(value)  # type: ignore[call-overload]
    return value.item() if isinstance(value, np.generic) else value
