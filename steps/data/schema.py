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
        _learn_sensitive(train_rows[name], features[name], settings)
        if name in sensitive
        else _learn(train_rows[name], features[name], settings)
        for name in ordered
    )
    return TableSchema(
        task=task,
        target=target,
        columns=columns,
        classes=() if task == "regression" else class_names(train_rows[target]),
        unseen=settings.unseen,
        examples=_examples(train_rows, columns),
    )


def _learn(series: pd.Series, kind: Kind, settings: ValidationSettings) -> Column:
    """One column as the training rows have it."""
    name, missing = str(series.name), float(series.isna().mean())
    if kind == "categorical":
        dtype = "int64" if series.dtype == "float64" and whole(series) else dtype_name(series)
        categories = _categories(series, dtype, settings.max_categories)
        return Column(name, kind, dtype, missing, categories=categories)
    column = Column(name, kind, dtype_name(series), missing, origin=_origin(series, kind))
    values = days_since(series, column) if kind == "datetime" else series
    if values.isna().all():
        return column
    low, high = float(values.min()), float(values.max())
    return Column(name, kind, column.dtype, missing, low, high, origin=column.origin)


def _learn_sensitive(series: pd.Series, kind: Kind, settings: ValidationSettings) -> Column:
    """The same with a round range, and without a category that only a few rows have."""
    column = replace(_learn(series, kind, settings), sensitive=True)
    if column.dtype == "bool":
        return column
    if kind == "categorical" and settings.unseen == "other":
        rows = as_text(series.dropna(), column.dtype).value_counts()
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


def _categories(series: pd.Series, dtype: str, most: int) -> tuple[str, ...]:
    """The most frequent values, in the order of their names; numbers in that of their values."""
    if series.dtype == "bool" or series.dtype == "boolean":
        return ("false", "true")
    counts = series.value_counts().reset_index()
    value, count = counts.columns
    kept = counts.sort_values([count, value], ascending=[False, True], kind="stable")[value][:most]
    return tuple(as_text(kept.sort_values(), dtype))


def _origin(series: pd.Series, kind: Kind) -> str | None:
    """The day of the first time."""
    if kind != "datetime":
        return None
    first = series.min()
    return "1970-01-01" if pd.isna(first) else str(first.date())


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
