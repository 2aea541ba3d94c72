"""A segment read by column holds what it holds row by row."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from serving.schema import Column, TableSchema
from steps.inference.rows import encode_rows
from steps.monitoring import part
from steps.monitoring.part import Part, RowsPart, TablePart, parts_of_text, pieces, read_table

NOON = datetime(2026, 7, 31, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCHEMA = TableSchema(
    task="binary",
    target="y",
    columns=(
        Column("age", "numeric", "int64", 0.1),
        Column("income", "numeric", "float64", 0.1),
        Column("since", "datetime", "datetime64", 0.1, origin="2020-01-01"),
        Column("city", "categorical", "str", 0.1, categories=("Bonn", "Ulm")),
        Column("tier", "categorical", "int64", 0.1, categories=("1", "2")),
        Column("member", "categorical", "bool", 0.1, categories=("false", "true")),
    ),
    classes=("no", "yes"),
)
VALUES: list[dict[str, Any]] = [
    {"age": 40, "income": 1.5, "since": "2021-06-01T12:00:00", "city": "Ulm", "tier": 2,
     "member": True},
    {"age": None, "income": 7, "since": None, "city": "Köln", "tier": None, "member": None},
    {"age": 41.5, "income": None, "since": "2020-01-02", "city": None, "tier": 1, "member": False},
]  # fmt: skip


def lines(count: int = 30) -> list[dict[str, Any]]:
    """Rows a minute apart, of two versions, with a column that is not asked for."""
    return [
        {
            "time": (NOON + timedelta(minutes=place)).isoformat().replace("+00:00", "Z"),
            "id": f"request-{place // 2}",
            "row": place % 2,
            "version": "34"[place % 3 == 0],
            "features": {**VALUES[place % 3], "secret": "x"},
            "scores": [0.25, 0.75] if place % 2 else [0.9, 0.1],
        }
        for place in range(count)
    ]


def text(rows: list[dict[str, Any]]) -> bytes:
    """Rows as a segment holds them."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def told(found: Part) -> list[Any]:
    """All that a part tells of the rows of version 4 with a label."""
    own = np.asarray(found.versions == "4")
    known = {("request-1", 1): "yes", ("request-9", 0): "no", ("request-99", 0): "no"}
    matrix, _ = encode_rows(found.features, SCHEMA)
    return [matrix.tolist(), found.versions.tolist(), found.scores(own).tolist(),
            list(found.labelled(own, known))]  # fmt: skip


def test_by_column_and_row_by_row_come_to_the_same() -> None:
    """For every kind of column, missing values and what training did not hold."""
    rows = lines()
    (found,) = parts_of_text(text(rows), SCHEMA, NOON, NOON + HOUR)
    assert isinstance(found, TablePart)
    assert repr(told(found)) == repr(told(RowsPart(rows, SCHEMA)))
    assert told(found)[3][0]["features"]["secret"] == "x"


def test_a_regressions_answers_are_read_too() -> None:
    """One number a row."""
    schema = TableSchema("regression", "y", SCHEMA.columns, ())
    rows = [{**row, "prediction": place / 4} for place, row in enumerate(lines(8))]
    (found,) = parts_of_text(text(rows), schema, NOON, NOON + HOUR)
    assert isinstance(found, TablePart)
    every = np.ones(8, dtype=np.bool_)
    assert found.scores(every).tolist() == RowsPart(rows, schema).scores(every).tolist()


def test_a_window_holds_its_first_moment_and_not_its_last() -> None:
    """Also where labels are found by the place of their line."""
    minute = timedelta(minutes=1)
    (found,) = parts_of_text(text(lines()), SCHEMA, NOON + 3 * minute, NOON + 19 * minute)
    assert len(found.versions) == 16
    known = {("request-1", 1): "yes", ("request-1", 0): "yes"}
    (row,) = found.labelled(np.ones(16, dtype=np.bool_), known)
    assert (row["id"], row["row"]) == ("request-1", 1)
    assert list(parts_of_text(text(lines()), SCHEMA, NOON - HOUR, NOON)) == []


@pytest.mark.parametrize("odd", [b'{"time":"2026', b'{"time":1}\n', b"\n"])
def test_what_does_not_fit_is_read_row_by_row(odd: bytes) -> None:
    """A torn line, another type and an empty line: none ends the reading."""
    assert read_table(text(lines()) + odd, SCHEMA) is None


def test_a_torn_line_is_passed_over() -> None:
    """The rows before it count."""
    (found,) = parts_of_text(text(lines()) + b'{"time":"2026', SCHEMA, NOON, NOON + HOUR)
    assert len(found.versions) == 30


def test_a_large_segment_comes_in_pieces_of_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that memory does not grow with it; no line is lost or told twice."""
    monkeypatch.setattr(part, "PIECE", 1000)
    data = text(lines())
    found = list(pieces(data))
    assert len(found) > 3
    assert b"".join(found) == data
    assert all(piece.endswith(b"\n") for piece in found)
    parts = list(parts_of_text(data, SCHEMA, NOON, NOON + HOUR))
    features = pd.concat([each.features for each in parts], ignore_index=True)
    assert encode_rows(features, SCHEMA)[0].shape == (30, 6)
