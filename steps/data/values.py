"""What the values of a column are as a whole, found some rows at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from steps.data.columnfile import GROUP
from steps.data.dtypes import whole
from steps.data.hashing import count_hashes, row_hash
from steps.data.stored import Table, parts


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a column of numbers or times goes.

    Args:
        present: Rows that have a value.
        minimum: The lowest value; None where there is none.
        whole: Whether it holds integers alone, or integers and missing values.
    """

    rows: int
    present: int
    minimum: Any
    maximum: Any
    whole: bool


def extent(table: Table, name: str) -> Extent:
    """How far a column goes."""
    rows = present = 0
    ends: list[Any] = []
    integers = True
    for part in parts(table, name):
        held = int(part.notna().sum())
        rows, present = rows + len(part), present + held
        integers = integers and whole(part)
        if held:
            ends += [part.min(), part.max()]
    return Extent(rows, present, min(ends, default=None), max(ends, default=None), integers)


def numbers_rows(table: Table, name: str, seen: Extent) -> bool:
    """Whether the integers of a column are the rows' numbers, from any start and in any order."""
    if not seen.whole or not seen.present == seen.rows == _span(seen):
        return False
    met = np.zeros(seen.rows, dtype=np.bool_)
    for part in parts(table, name):
        met[part.to_numpy().astype(np.int64) - int(seen.minimum)] = True
    return bool(met.all())


def _span(seen: Extent) -> int:
    """How many integers there are between both ends."""
    return int(seen.maximum) - int(seen.minimum) + 1 if seen.present else 0


def present(table: Table, name: str) -> int:
    """Rows that have a value in a column."""
    return sum(int(part.notna().sum()) for part in parts(table, name))


def missing_share(present: int, rows: int) -> float:
    """The share of rows without a value, 0 to 1."""
    return (rows - present) / rows if rows else math.nan


def distinct(table: Table, name: str, most: int = GROUP) -> pd.Series:
    """The values of a column in the order in which they first come.

    Args:
        most: Beyond so many of them the rest is not looked at.
    """
    found = pd.Series(dtype=table.dtypes[name], name=name)
    for part in parts(table, name):
        new = pd.Series(part.unique(), dtype=part.dtype, name=name).dropna()
        found = pd.concat([found, new]).drop_duplicates() if len(found) else new
        if len(found) > most:
            break
    return found


def count_distinct(table: Table, name: str) -> int:
    """How many values a column has; very many are told apart by their hashes."""
    few = len(distinct(table, name))
    if few <= GROUP:
        return few
    return count_hashes(row_hash(table, [name])) - (present(table, name) < len(table))


def value_rows(table: Table, name: str) -> pd.Series:
    """How many rows each value of a column has, the most frequent first."""
    counted = [part.value_counts() for part in parts(table, name)]
    if len(counted) == 1:
        return counted[0]
    rows = pd.concat(counted).groupby(level=0, sort=False).sum()
    return rows.sort_values(ascending=False, kind="stable")
