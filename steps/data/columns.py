"""Which columns of a table a model can learn from, and of what kind they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd

from serving.errors import ConfigError, DataError
from serving.schema import Kind
from steps.data.dtypes import whole
from steps.data.finding import Finding, warn
from steps.data.settings import ColumnSettings, ValidationSettings
from steps.data.stored import Table

# Text with more distinct values than this share of its rows names the rows.
ID_SHARE = 0.5
LARGEST = float(np.finfo(np.float32).max)


def kind_of(name: str, dtype: Any, asked: ColumnSettings) -> Kind:
    """How a column of that type is encoded.

    Raises:
        ConfigError: A column of times is asked to be categories.
    """
    times = pd.api.types.is_datetime64_any_dtype(dtype)
    if name in asked.categorical:
        if times:
            raise ConfigError(f"Column '{name}' holds times and cannot be categorical.")
        return "categorical"
    if times:
        return "datetime"
    return "numeric" if dtype in ("int64", "float64") else "categorical"


def refuse_infinite(frame: Table) -> None:
    """Refuse infinite numbers, and those that a model's 32 bits turn into infinite ones.

    Raises:
        DataError: There is one.
    """
    for name in frame.columns[frame.dtypes == "float64"]:
        infinite = np.abs(frame[name].to_numpy()) > LARGEST
        if infinite.any():
            raise DataError(
                f"Column '{name}' holds infinite values: {int(infinite.sum())}, the first in row "
                f"{int(infinite.argmax()) + 1}. Store them as missing, or leave the column out "
                f"with drop: ['{name}']."
            )


def left_out(
    frame: Table, target: str, asked: ColumnSettings, settings: ValidationSettings
) -> list[Finding]:
    """The columns nothing can be learnt from, with the reason."""
    reasons = (_reason(frame[name], asked, settings) for name in frame.columns if name != target)
    return [reason for reason in reasons if reason is not None]


def _reason(
    series: pd.Series, asked: ColumnSettings, settings: ValidationSettings
) -> Finding | None:
    """Why a column is left out, or None."""
    name, count = str(series.name), int(series.nunique())
    if count == 0:
        return warn("left_out", f"Column '{name}' is missing in every row: left out.", name)
    if count == 1 and not series.hasnans:
        return warn("constant", f"Column '{name}' is constant: left out.", name)
    if kind_of(name, series.dtype, asked) == "categorical" and names_rows(
        series, settings.max_categories
    ):
        text = f"Column '{name}' has {count} distinct texts, nearly one a row: left out."
        return warn("identifier", text, name)
    numbers = series.dtype in ("int64", "float64") and whole(series)
    if numbers and name not in asked.categorical and _counts_rows(series, count):
        text = f"Column '{name}' only numbers the rows: left out."
        return warn("identifier", text, name)
    return None


def find_mixed(
    frame: Table, features: Iterable[str], sensitive: Collection[str] = ()
) -> list[Finding]:
    """Columns of text that mostly holds numbers, so that some of it is likely a slip."""
    found = []
    for name in features:
        if frame[name].dtype != "str":
            continue
        counts = frame[name].value_counts()
        numeric = pd.to_numeric(pd.Series(counts.index), errors="coerce").notna().to_numpy()
        if 0 < counts[~numeric].sum() < counts[numeric].sum():
            odd = frame[name][frame[name].isin(counts.index[~numeric])]
            value = "" if name in sensitive else f"'{odd.iloc[0]}' "
            text = (
                f"Column '{name}' holds numbers, but text in {len(odd)} rows (the first "
                f"{value}in row {int(odd.index[0]) + 1}): all of it is read as text."
            )
            found.append(warn("mixed", text, name))
    return found


def names_rows(series: pd.Series, max_categories: int) -> bool:
    """Whether nearly every row has a value of its own."""
    count = int(series.nunique())
    return count > max_categories and count > ID_SHARE * int(series.notna().sum())


def _counts_rows(series: pd.Series, count: int) -> bool:
    """Whether the integers are the rows' numbers, from any start and in any order."""
    return count == len(series) and int(series.max()) - int(series.min()) + 1 == count
