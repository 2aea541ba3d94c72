"""The prediction log writes what it can hold, counts what it cannot, and never raises."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.log import PredictionLog, Record
from serving.shipping.settings import LogSettings


def record(rows: int = 1, **changes: Any) -> Record:
    fields: dict[str, Any] = {
        "time": 1_700_000_000.25,
        "id": "r1",
        "model": "shop",
        "version": "3",
        "columns": {"age": [40 + row for row in range(rows)], "city": ["Ulm"] * rows},
        "labels": ["yes"] * rows,
        "scores": np.full((rows, 2), 0.5, dtype=np.float32),
        "ms": 0.25,
    }
    return Record(**{**fields, **changes})


def lines(directory: Path) -> list[dict[str, Any]]:
    files = sorted(directory.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_each_row_is_a_line_with_what_came_and_what_was_answered(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path)
    log.start()
    log.put(record(2))
    log.close()
    first, second = lines(tmp_path)
    assert second == {**first, "row": 1, "features": {"age": 41, "city": "Ulm"}}
    assert first == {
        "time": "2023-11-14T22:13:20.250000Z",
        "id": "r1",
        "row": 0,
        "model": "shop",
        "version": "3",
        "features": {"age": 40, "city": "Ulm"},
        "label": "yes",
        "scores": [0.5, 0.5],
        "ms": 0.25,
    }
    assert (log.written, log.dropped) == (2, 0)


def test_a_regression_has_a_prediction_in_place_of_label_and_scores(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path)
    log.start()
    log.put(record(labels=None, scores=np.array([[2.5]], dtype=np.float32)))
    log.close()
    (line,) = lines(tmp_path)
    assert line["prediction"] == 2.5
    assert "label" not in line


def test_large_batches_and_single_rows_are_written_alike(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path)
    log.start()
    for rows in (1, 500, 8, 9):
        log.put(record(rows, id=str(rows)))
    log.close()
    written = lines(tmp_path)
    assert sorted({line["id"] for line in written}) == ["1", "500", "8", "9"]
    assert len(written) == log.written == 518


def test_a_value_that_looks_like_the_begin_of_a_line_is_none() -> None:
    rows, city = 100, '"},{"time":"\n\0'
    many = record(rows, columns={',{"time":': [*range(rows)], "city": [city] * rows})
    written = list(many.lines())
    assert [json.loads(line)["row"] for line in written] == [*range(rows)]
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in written)
    assert json.loads(written[-1])["features"] == {',{"time":': 99, "city": city}


def test_what_the_queue_cannot_hold_is_dropped_and_counted(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, limit=10)
    for _ in range(4):
        log.put(record(4))
    assert log.dropped == 8
    log.start()
    log.close()
    assert log.written == len(lines(tmp_path)) == 8


def test_a_full_segment_is_followed_by_the_next(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, LogSettings(segment=2000))
    log.start()
    log.put(record(200))
    log.close()
    assert len(list(tmp_path.glob("*.jsonl"))) > 2
    assert [line["row"] for line in lines(tmp_path)] == list(range(200))


def test_a_disk_that_refuses_is_counted_and_told_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The directory vanishes under the log, as it does when a disk is lost."""
    directory = tmp_path / "log"
    log = PredictionLog(directory)
    directory.mkdir()
    log.start()
    directory.rmdir()
    log.put(record())
    log.put(record(20))
    log.close()
    assert (log.written, log.dropped) == (0, 21)
    assert capfd.readouterr().err.count("prediction log:") == 1


def test_a_record_that_cannot_be_written_harms_no_other(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path)
    log.start()
    log.put(record(columns={"age": [object()], "city": ["Ulm"]}))
    log.put(record(columns={"age": [object()] * 9, "city": ["Ulm"] * 9}, scores=np.zeros((9, 2))))
    log.put(record())
    log.close()
    assert (log.written, log.dropped) == (1, 10)
