"""Labelled rows as rows of the table that is trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from serving.errors import DataError
from serving.schema import Column, Kind
from steps.data.dtypes import as_text, dtype_name, normalise, whole
from steps.data.finding import LABELLED
from steps.data.hashing import row_hash
from steps.inference.rows import TOLD, typed
from steps.labelling.label import Label


def with_labels(table: pd.DataFrame, labels: Sequence[Label], target: str) -> pd.DataFrame:
    """The table with the labelled rows that it does not hold behind its own.

    A row is held where all that was asked, and the target, are equal. A column that no request
    carries is missing in the rows that were labelled.

    Raises:
        DataError: A label is no class of the table's target, or a value not of its column's type.
    """
    if target not in table.columns:  # Whoever checks the table tells it better.
        return table
    known = sorted((label for label in labels if not label.blank), key=lambda label: label.key)
    if not known:
        return table
    asked = [name for name in table.columns if any(name in each.features for each in known)]
    more = frame_of(known, table, asked, target)
    fresh = more[_new(table, more, [*asked, target])]
    if fresh.empty:
        return table
    joined = normalise(pd.concat([table, fresh], ignore_index=True))
    for name in table.columns[table.dtypes == "int64"]:
        if whole(joined[name]) and not joined[name].hasnans:
            joined[name] = joined[name].astype("int64")
    joined.attrs = {**table.attrs, LABELLED: len(fresh)}
    return joined


def frame_of(
    labels: Sequence[Label], table: pd.DataFrame, asked: Sequence[str], target: str
) -> pd.DataFrame:
    """The labelled rows in the types of a table's columns.

    Args:
        asked: The columns that requests carry.
    """
    columns = {}
    for name in table.columns:
        if name == target:
            columns[name] = _targets(labels, table[target])
        elif name in asked:
            columns[name] = _values(labels, table[name])
        else:
            columns[name] = _missing(table[name], len(labels))
    return pd.DataFrame(columns)


def _values(labels: Sequence[Label], like: pd.Series) -> pd.Series:
    name, dtype = str(like.name), dtype_name(like)
    kind: Kind = "numeric" if dtype in ("int64", "float64") else "categorical"
    texts = [label.features.get(name) for label in labels]
    # Pandas misses the last bit of some numbers, by which a row would not be known again.
    values = pd.Series([*map(_exact, texts)] if kind == "numeric" else texts, dtype="object")
    found, bad = typed(values, Column(name, kind, dtype, missing_share=1.0))
    if bad.any():
        label = labels[int(bad.argmax())]
        raise DataError(
            f"Column '{name}' of the labelled request '{label.id}', row {label.row}, holds no "
            f"{TOLD[dtype].removeprefix('a ').removeprefix('an ')}, as the table does."
        )
    return found


def _exact(text: str | None) -> float | str | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _missing(like: pd.Series, rows: int) -> pd.Series:
    """Nothing, in a type that can hold it."""
    types = {"int64": "float64", "bool": "boolean"}
    return pd.Series(None, index=range(rows), dtype=types.get(str(like.dtype), like.dtype))


def _targets(labels: Sequence[Label], like: pd.Series) -> pd.Series:
    """Labels as the table writes them."""
    values, numbers = like.dropna().drop_duplicates(), like.dtype in ("int64", "float64")
    known = dict(zip(as_text(values), values, strict=True))
    found = [known.get(label.label) for label in labels]
    for place, label in enumerate(labels):
        if found[place] is None and numbers and not label.label.lstrip("-").isdigit():
            # Of a regression, which is written as a fraction and need not have been seen.
            found[place] = float(label.label)
        if found[place] is None:
            raise DataError(
                f"The request '{label.id}', row {label.row}, is labelled '{label.label}', and no "
                f"row of the table has that '{like.name}'."
            )
    return pd.Series(found, dtype="float64" if numbers else like.dtype)


def _new(table: pd.DataFrame, more: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """True for each labelled row that neither the table nor an earlier one holds."""
    held, given = row_hash(table, columns), row_hash(more, columns)
    first = ~pd.Series(given).duplicated().to_numpy()
    return pd.Series(first & ~np.isin(given, held), index=more.index)
