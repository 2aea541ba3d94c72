"""Which columns of a table a model can learn from, and of what kind they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd

from serving.errors import ConfigError, DataError
from serving.schema import Kind
from steps.data.finding import Finding, warn
from steps.data.settings import ColumnSettings, ValidationSettings
from steps.data.stored import Table, parts
from steps.data.values import count_distinct, extent, numbers_rows, present

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
        held, first = 0, -1
        for part in parts(frame, name):
            infinite = np.abs(part.to_numpy()) > LARGEST
            if first < 0 and infinite.any():
                first = int(part.index[int(infinite.argmax())])
            held += int(infinite.sum())
        if held:
            raise DataError(
                f"Column '{name}' holds infinite values: {held}, the first in row {first + 1}. "
                f"Store them as missing, or leave the column out with drop: ['{name}']."
            )


def left_out(
    frame: Table, target: str, asked: ColumnSettings, settings: ValidationSettings
) -> list[Finding]:
    """The columns nothing can be learnt from, with the reason."""
    reasons = (_reason(frame, name, asked, settings) for name in frame.columns if name != target)
    return [reason for reason in reasons if reason is not None]


def _reason(
    frame: Table, name: str, asked: ColumnSettings, settings: ValidationSettings
) -> Finding | None:
    """Why a column is left out, or None."""
    categories = kind_of(name, frame.dtypes[name], asked) == "categorical"
    if categories:
        count, held = count_distinct(frame, name), present(frame, name)
    else:
        seen = extent(frame, name)
        # Whether one, or more: how many more there are is of no matter to a number.
        count, held = (2 if seen.minimum != seen.maximum else 1), seen.present
    if not held:
        return warn("left_out", f"Column '{name}' is missing in every row: left out.", name)
    if count == 1 and held == len(frame):
        return warn("constant", f"Column '{name}' is constant: left out.", name)
    if categories and count > max(settings.max_categories, ID_SHARE * held):
        text = f"Column '{name}' has {count} distinct texts, nearly one a row: left out."
        return warn("identifier", text, name)
    if not categories and numbers_rows(frame, name, seen):
        text = f"Column '{name}' only numbers the rows: left out."
        return warn("identifier", text, name)
    return None


def find_mixed(
    frame: Table, features: Iterable[str], sensitive: Collection[str] = ()
) -> list[Finding]:
    """Columns of text that mostly holds numbers, so that some of it is likely a slip."""
    found = []
    for name in features:
        if frame.dtypes[name] != "str":
            continue
        numbers, texts, first = _numbers_and_texts(parts(frame, name))
        if 0 < texts < numbers:
            value = "" if name in sensitive else f"'{first.iloc[0]}' "
            text = (
                f"Column '{name}' holds numbers, but text in {texts} rows (the first "
                f"{value}in row {int(first.index[0]) + 1}): all of it is read as text."
            )
            found.append(warn("mixed", text, name))
    return found


def _numbers_and_texts(column: Iterable[pd.Series]) -> tuple[int, int, pd.Series]:
    """Rows of a column of text that hold a number, those that hold none, and the first of these."""
    numbers = texts = 0
    first = pd.Series(dtype="str")
    for part in column:
        counts = part.value_counts()
        odd = pd.to_numeric(pd.Series(counts.index), errors="coerce").isna().to_numpy()
        if first.empty and odd.any():
            first = part[part.isin(counts.index[odd])].head(1)
        numbers, texts = numbers + int(counts[~odd].sum()), texts + int(counts[odd].sum())
    return numbers, texts, first
