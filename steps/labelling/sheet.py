"""The sheet that goes out to be labelled: text in every cell, one row a request's row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from serving.schema import TableSchema
from steps.labelling.queue import Pick
from steps.monitoring.part import Row

ID, ROW, TIME = "request_id", "request_row", "answered_at"
ANSWER, PROBABILITY, SCORE, REASON = "prediction", "probability", "score", "reason"
NAMES = (ID, ROW, TIME, ANSWER, PROBABILITY, SCORE, REASON)


def names_in(schema: TableSchema) -> dict[str, str]:
    """What the sheet's own columns are called beside the model's."""
    taken = {*schema.names, schema.target}
    found = {}
    for name in NAMES:
        called = name
        while called in taken:
            called += "_"
        found[name] = called
    return found


def sheet_of(picks: Sequence[Pick], schema: TableSchema) -> pd.DataFrame:
    """The rows to label; the target's column and those of sensitive columns are empty."""
    return pd.DataFrame([_cells(pick, schema) for pick in picks], dtype="str")


def _cells(pick: Pick, schema: TableSchema) -> dict[str, str]:
    row, names = pick.row, names_in(schema)
    features = {
        column.name: "" if column.sensitive else text_of(row["features"].get(column.name))
        for column in schema.columns
    }
    return {
        names[ID]: row["id"],
        names[ROW]: str(row["row"]),
        names[TIME]: row["time"],
        **features,
        **{names[name]: text for name, text in _answer(row, schema).items()},
        names[SCORE]: f"{pick.score:.4f}",
        names[REASON]: pick.reason,
        schema.target: "",
    }


def _answer(row: Row, schema: TableSchema) -> dict[str, str]:
    if not schema.classes:
        return {ANSWER: text_of(row["prediction"])}
    return {ANSWER: str(row["label"]), PROBABILITY: f"{max(row['scores']):.4f}"}


def text_of(value: Any) -> str:
    """A logged value as text that reads back as the same."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
