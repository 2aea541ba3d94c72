"""A segment read by column holds what it holds row by row."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from serving.schema import Column, TableSchema
from serving.shipping.blocks import packed
from steps.inference.rows import encode_rows
from steps.monitoring import blocks
from steps.monitoring.blocks import BlocksPart, parts_of_text
from steps.monitoring.part import Part, RowsPart

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
    """Rows as a server writes them."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def read(
    *segments: bytes,
    schema: TableSchema = SCHEMA,
    since: datetime = NOON,
    until: datetime = NOON + HOUR,
) -> list[Part]:
    """The parts of some segments."""
    return list(parts_of_text(segments, schema, since, until))


def shipped(rows: list[dict[str, Any]]) -> bytes:
    """Rows as a store holds them."""
    return b"".join(packed(text(rows)))


def told(found: Part) -> list[Any]:
    """All that a part tells of the rows of version 4 with a label."""
    own = np.asarray(found.versions == "4")
    known = {("request-1", 1): "yes", ("request-9", 0): "no", ("request-99", 0): "no"}
    matrix, _ = encode_rows(found.features, SCHEMA)
    return [matrix.tolist(), found.versions.tolist(), found.scores(own).tolist(),
            list(found.labelled(own, known, ["age", "secret"]))]  # fmt: skip


def test_by_column_and_row_by_row_come_to_the_same() -> None:
    """For every kind of column, missing values and what training did not hold."""
    rows = lines()
    (found,) = read(shipped(rows))
    assert isinstance(found, BlocksPart)
    assert repr(told(found)) == repr(told(RowsPart(rows, SCHEMA)))
    assert told(found)[3][0]["features"]["secret"] == "x"
    (plain,) = read(text(rows))
    assert isinstance(plain, RowsPart)
    assert repr(told(plain)) == repr(told(found))


def test_a_block_of_an_older_form_is_read_by_column_too() -> None:
    """As a store holds it that an older server filled."""
    rows = lines()
    keys: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    features = {name: [row["features"][name] for row in rows] for name in rows[0]["features"]}
    keys["features"] = features
    keys["scores"] = list(zip(*keys["scores"], strict=True))
    (found,) = read(text([keys]))
    assert isinstance(found, BlocksPart)
    assert repr(told(found)) == repr(told(RowsPart(rows, SCHEMA)))


def test_a_regressions_answers_are_read_too() -> None:
    """One number a row."""
    schema = TableSchema("regression", "y", SCHEMA.columns, ())
    rows = [{**row, "prediction": place / 4} for place, row in enumerate(lines(8))]
    (found,) = read(shipped(rows), schema=schema)
    assert isinstance(found, BlocksPart)
    every = np.ones(8, dtype=np.bool_)
    assert found.scores(every).tolist() == RowsPart(rows, schema).scores(every).tolist()


def test_an_older_version_may_have_had_other_columns_and_classes() -> None:
    """Its rows count; what it answered is not asked for."""
    rows = lines()
    for row in rows:
        if row["version"] == "3":
            row["scores"] = [0.5, 0.25, 0.25]
            row["features"] = {name: row["features"][name] for name in ("city", "age")}
    (found,) = read(shipped(rows))
    own = np.asarray(found.versions == "4")
    assert own.sum() == 10
    assert found.scores(own).shape == (10, 2)
    assert found.features["income"].notna().sum() == 10
    assert sorted(found.features["age"].dropna()) == [40.0] * 10 + [41.5] * 10


def test_a_window_holds_its_first_moment_and_not_its_last() -> None:
    """Also where labels are found by the place in their block."""
    minute, segment = timedelta(minutes=1), shipped(lines())
    (found,) = read(segment, since=NOON + 3 * minute, until=NOON + 19 * minute)
    assert len(found.versions) == 16
    known = {("request-1", 1): "yes", ("request-1", 0): "yes"}
    (row,) = found.labelled(np.ones(16, dtype=np.bool_), known, [])
    assert (row["id"], row["row"]) == ("request-1", 1)
    assert read(segment, since=NOON - HOUR, until=NOON) == []


def test_a_value_of_another_type_is_read_row_by_row() -> None:
    """As it was asked for: text where training had numbers is no number."""
    rows = lines()
    rows[4]["features"]["age"] = "forty"
    (found,) = read(shipped(rows))
    assert isinstance(found, RowsPart)
    assert repr(told(found)) == repr(told(RowsPart(rows, SCHEMA)))


def test_a_torn_line_is_passed_over() -> None:
    """The rows around it count."""
    torn = text(lines()) + b'{"time":"2026\n' + text(lines(2))
    for segment in (torn, b"".join(packed(torn))):
        assert sum(len(each.versions) for each in read(segment)) == 32


def test_many_small_segments_come_as_few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which are bounded, so that memory does not grow; no row is lost or told twice."""
    segments = [shipped(lines()[place : place + 3]) for place in range(0, 30, 3)]
    (whole,) = read(*segments)
    monkeypatch.setattr(blocks, "PART", 10)
    parts = read(*segments)
    assert [len(each.versions) for each in parts] == [12, 12, 6]
    features = pd.concat([each.features for each in parts], ignore_index=True)
    assert repr(encode_rows(features, SCHEMA)[0]) == repr(encode_rows(whole.features, SCHEMA)[0])
    known = {("request-7", 1): "yes"}
    every = [
        each.labelled(np.ones(len(each.versions), dtype=np.bool_), known, []) for each in parts
    ]
    assert [row["id"] for rows in every for row in rows] == ["request-7"]
