"""Which new column is likely an old one under another name."""

from __future__ import annotations

from collections.abc import Collection
from difflib import SequenceMatcher

import pandas as pd

from serving.schema import Column, TableSchema
from steps.data.dtypes import as_text

LIKELY = 0.6


def likely_renames(
    frame: pd.DataFrame, contract: TableSchema, dropped: Collection[str], added: Collection[str]
) -> dict[str, str]:
    """The new name of each dropped column that an added one resembles in name or in values."""
    pairs = sorted(
        (
            (likeness(contract.column(old), frame[new]), old, new)
            for old in dropped
            for new in added
        ),
        reverse=True,
    )
    found: dict[str, str] = {}
    for score, old, new in pairs:
        if score >= LIKELY and old not in found and new not in found.values():
            found[old] = new
    return found


def likeness(column: Column, series: pd.Series) -> float:
    """How much a new column is like an old one, 0 to 1."""
    name = SequenceMatcher(None, column.name.lower(), str(series.name).lower()).ratio()
    return max(name, 0.9 * _overlap(column, series.dropna()))


def _overlap(column: Column, present: pd.Series) -> float:
    """The share of what both columns hold in what either holds."""
    if present.empty:
        return 0.0
    if column.kind == "categorical":
        seen, known = set(as_text(present, column.dtype)), set(column.categories)
        return len(seen & known) / len(seen | known)
    if column.kind == "datetime" or present.dtype not in ("int64", "float64"):
        return 0.0
    low, high = float(present.min()), float(present.max())
    if column.minimum is None or column.maximum is None:
        return 0.0
    both = min(high, column.maximum) - max(low, column.minimum)
    either = max(high, column.maximum) - min(low, column.minimum)
    return max(both, 0.0) / either if either else 0.0
