"""A sheet that came back labelled, held against the model's contract."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from serving.errors import DataError, near_miss
from serving.schema import TableSchema
from steps.data.csvfile import csv_names, stream_csv
from steps.data.location import locate
from steps.data.objectstore import open_store
from steps.data.settings import refuse_absent
from steps.inference.rows import encode_rows
from steps.labelling.label import Label
from steps.labelling.sheet import ID, ROW, names_in

LARGEST_ROW = 2**31
TRUTHS = {"true", "false"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet holds.

    Args:
        labels: Those that were filled in.
        open: Rows whose label is still empty.
    """

    labels: list[Label]
    open: int


def read_sheet(data: str, schema: TableSchema) -> Sheet:
    """The labels of a CSV file such as `label-queue` writes.

    Raises:
        DataError: The file cannot be read, or a row of it is not as the model's contract says.
        ConfigError: A column is absent.
    """
    store = open_store(locate(data))
    names = csv_names(store)
    called = names_in(schema)
    refuse_absent([called[ID], *schema.names, schema.target], names, "--labelled")
    parts = list(stream_csv(store, 100_000, dict.fromkeys(names, "str")))
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    filled = frame[frame[schema.target].notna()]
    return Sheet(labels_in(filled, schema, called, data), len(frame) - len(filled))


def labels_in(
    frame: pd.DataFrame, schema: TableSchema, called: Mapping[str, str], data: str
) -> list[Label]:
    """The labels of a frame of texts, all of them right.

    Args:
        called: What the sheet's own columns are called.
        data: The file's name, for messages; a line of it is its index and the header's.
    """
    check_rows(frame, schema, data)
    if called[ROW] not in frame:
        frame = frame.assign(**{called[ROW]: "0"})
    return [_label(each, schema, called, f"Row {int(str(at)) + 1} of '{data}'")
            for at, each in frame.iterrows()]  # fmt: skip


def check_rows(frame: pd.DataFrame, schema: TableSchema, data: str) -> None:
    """Refuse a row that the model could not be asked; sensitive columns may be empty.

    Raises:
        DataError: There is one; its first fault is told.
    """
    _, faults = encode_rows(frame, lenient(schema))
    if faults.mask.any():
        place = int(faults.mask.argmax())
        raise DataError(f"Row {frame.index[place] + 1} of '{data}': {faults.reasons[place]}")


def lenient(schema: TableSchema) -> TableSchema:
    """The contract with its sensitive columns empty, as whoever labels may not know them."""
    columns = (
        replace(column, missing_share=1.0) if column.sensitive else column
        for column in schema.columns
    )
    return replace(schema, columns=tuple(columns))


def _label(row: pd.Series, schema: TableSchema, called: Mapping[str, str], where: str) -> Label:
    name = row[called[ID]]
    if pd.isna(name):
        raise DataError(f"{where} has no '{called[ID]}'.")
    values = {column: None if pd.isna(row[column]) else str(row[column]) for column in schema.names}
    return Label(
        id=str(name),
        row=_place(row[called[ROW]], called[ROW], where),
        label=checked(str(row[schema.target]), schema, where),
        features=values,
        blank=blanks(values, schema),
    )


def blanks(values: Mapping[str, str | None], schema: TableSchema) -> tuple[str, ...]:
    """The sensitive columns whose value is not there."""
    return tuple(name for name in schema.names if name in schema.sensitive and not values[name])


def checked(text: str, schema: TableSchema, where: str) -> str:
    """A label as the contract has it: the name of its class, or a number.

    Raises:
        DataError: It is neither.
    """
    text = text.strip()
    if not schema.classes:
        return repr(_number(text, schema, where))
    for name in (text, _whole(text), text.lower() if text.lower() in TRUTHS else text):
        if name in schema.classes:
            return name
    hint = near_miss(text[:200], schema.classes)
    raise DataError(f"{where}: '{text[:60]}' is no class of '{schema.target}'. {hint}")


def _number(text: str, schema: TableSchema, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{where}: '{text[:60]}' is no number, which '{schema.target}' is.")
    return value


def _whole(text: str) -> str:
    """A whole number as a class of numbers is named, however a spreadsheet writes it."""
    try:
        value = float(text)
    except ValueError:
        return text
    return str(int(value)) if math.isfinite(value) and value.is_integer() else text


def _place(value: Any, name: str, where: str) -> int:
    text = _whole(str(value))
    if not text.isdigit() or int(text) >= LARGEST_ROW:
        raise DataError(f"{where}: '{name}' must be the row's place in its request, from 0.")
    return int(text)
