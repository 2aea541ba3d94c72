"""Rows that are shipped by column come back as they were written."""

import json

import pytest

from serving.shipping import blocks
from serving.shipping.blocks import packed, rows_of

ROW = {
    "time": "2026-07-31T12:00:00.000001Z",
    "id": "a",
    "row": 0,
    "features": {"age": 40, "sum": 4.0, "city": "Köln\n", "big": 2**60, "gone": None},
    "label": "yes",
    "scores": [0.25, 0.7500001],
    "ms": 1.5,
}
REGRESSION = {"time": ROW["time"], "id": "b", "row": 1, "features": {}, "prediction": -0.0}
TURNED = {**ROW, "id": "c", "features": dict(reversed(ROW["features"].items()))}  # type: ignore[attr-defined]
THREE = {**ROW, "id": "d", "scores": [0.25, 0.5, 0.25], "label": None}


def text(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_every_row_comes_back_with_its_types_and_its_order_of_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows that are alike share a block, whatever lies between them."""
    rows = [ROW, REGRESSION, TURNED, ROW, THREE, REGRESSION]
    held = list(packed(text(*rows)))
    assert len(held) == 4
    back = [json.dumps(row) for row in rows_of(b"".join(held))]
    assert sorted(back) == sorted(map(json.dumps, rows))
    monkeypatch.setattr(blocks, "ROWS", 2)
    monkeypatch.setattr(blocks, "PARSED", 1)
    assert list(rows_of(b"".join(packed(text(*[ROW] * 5))))) == [ROW] * 5


def test_the_same_rows_are_the_same_bytes() -> None:
    """So that a segment which is shipped twice replaces itself."""
    assert list(packed(text(ROW, THREE))) == list(packed(text(ROW, THREE)))


def test_a_line_that_is_no_row_is_kept_and_passed_over_when_read() -> None:
    """A torn one stays for whoever looks, and ends no reading."""
    torn = b'{"time":"2026\n'
    held = b"".join(packed(text(ROW) + torn + text(ROW)))
    assert torn in held
    assert list(rows_of(held)) == [ROW, ROW]
    assert list(rows_of(text(ROW, TURNED))) == [ROW, TURNED]


def test_a_block_of_an_older_form_is_read() -> None:
    """A line of JSON with a list for each column, as stores hold it that an older server filled."""
    features = {"age": [40, None], "city": ["Ulm", "Bonn"]}
    older = {
        "time": ["2026-07-31T12:00:00.000001Z", "2026-07-31T12:00:01Z"],
        "id": ["a", "b"],
        "row": [0, 0],
        "features": features,
        "scores": [[0.25, 0.5], [0.75, 0.5]],
    }
    first, other, last = rows_of(text(older) + b"".join(packed(text(ROW))))
    assert first["features"] == {"age": 40, "city": "Ulm"}
    assert first["scores"] == [0.25, 0.75]
    assert (other["id"], last) == ("b", ROW)
