"""A window of the prediction log is read back as it was written, by the server's own code."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from fsspec.implementations.local import LocalFileSystem

from serving.errors import DataError
from serving.feedback import FeedbackLog
from serving.log import Record
from serving.refusals import Values
from serving.shipping.blocks import packed
from serving.shipping.layout import FEEDBACK, place
from serving.shipping.settings import LogSettings
from steps.monitoring.log import log_rows, logged_labels, read_log
from tests.unit.serving.tiny import model

NOON = datetime(2026, 7, 31, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def record(when: datetime, name: str, **columns: Values) -> Record:
    scores = np.array([[0.25, 0.75]], dtype=np.float32)
    return Record(
        when.timestamp(), name, "shop", "3", columns or {"age": [40]}, ["yes"], scores, 1.5
    )


def ship(store: Path, begun: datetime, *records: Record, tail: bytes = b"") -> None:
    """Put a segment where the shipping process would."""
    path = store / place("shop", f"{begun:%Y%m%dT%H%M%SZ}-0f0f-0001.jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [line for each in records for line in each.lines()]
    path.write_bytes(gzip.compress(b"".join(packed(b"".join(lines) + tail))))


def names(store: Path, since: datetime, until: datetime) -> list[str]:
    return [str(row["id"]) for row in log_rows(str(store), "shop", since, until)]


def test_answers_and_features_come_as_tables_that_share_an_index(tmp_path: Path) -> None:
    first = record(NOON, "a", age=[40], city=["Ulm"])
    ship(tmp_path, NOON, record(NOON + HOUR / 2, "b", age=[None], city=["Bonn"]), first)
    rows = read_log(tmp_path.as_uri(), "shop", NOON, NOON + HOUR)
    assert rows.answers.to_dict("records")[0] == {
        "time": NOON, "id": "a", "row": 0, "model": "shop", "version": "3",
        "label": "yes", "scores": [0.25, 0.75], "ms": 1.5,
    }  # fmt: skip
    assert list(rows.features["city"]) == ["Ulm", "Bonn"]
    assert rows.features["age"].isna().tolist() == [False, True]


def test_a_window_holds_its_first_moment_and_not_its_last(tmp_path: Path) -> None:
    moments = [NOON - HOUR / 60, NOON, NOON + HOUR / 2, NOON + HOUR]
    ship(tmp_path, NOON - HOUR / 60, *(record(when, str(i)) for i, when in enumerate(moments)))
    assert names(tmp_path, NOON, NOON + HOUR) == ["1", "2"]


def test_rows_are_found_in_a_segment_of_the_hour_before_and_behind(tmp_path: Path) -> None:
    ship(tmp_path, NOON - HOUR / 60, record(NOON + HOUR / 2, "before"))
    ship(tmp_path, NOON + HOUR, record(NOON + HOUR * 0.999, "behind"))
    assert names(tmp_path, NOON, NOON + HOUR) == ["before", "behind"]


def test_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    ship(tmp_path, NOON, record(NOON, "a"), tail=b'{"time":"2026')
    assert names(tmp_path, NOON, NOON + HOUR) == ["a"]


def send(store: Path, home: Path, begun: datetime, *labels: dict[str, object]) -> None:
    """Put labels where a server writes and ships them."""
    log = FeedbackLog(home, LogSettings())
    for label in labels:
        log.write(model(), [label])
    log.close()
    (segment,) = (home / FEEDBACK).glob("*.jsonl")
    path = store / place("shop", f"{begun:%Y%m%dT%H%M%SZ}-{home.name}-0001.jsonl", FEEDBACK)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(segment.read_bytes()))


def test_labels_are_read_back_and_the_last_one_counts(tmp_path: Path) -> None:
    """Whichever server it came to; predictions are no labels, and labels no predictions."""
    now = datetime.now(UTC)
    ship(tmp_path, now, record(now, "a"))
    send(tmp_path, tmp_path / "second", now, {"id": "a", "row": 0, "label": "no"},
         {"id": "b", "row": 1, "label": "no"})  # fmt: skip
    send(tmp_path, tmp_path / "first", now, {"id": "a", "row": 0, "label": "yes"})
    found = logged_labels(str(tmp_path), "shop", now - HOUR)
    assert found == {("a", 0): "yes", ("b", 1): "no"}
    assert names(tmp_path, now - HOUR, now + HOUR) == ["a"]
    assert logged_labels(str(tmp_path), "shop", now + HOUR) == {}
    assert logged_labels(str(tmp_path), "shop", NOON - 9999 * HOUR) == found


def test_another_models_rows_and_an_empty_window_are_no_rows(tmp_path: Path) -> None:
    ship(tmp_path, NOON, record(NOON, "a"))
    assert list(log_rows(str(tmp_path), "shoe", NOON, NOON + HOUR)) == []
    empty = read_log(str(tmp_path), "shop", NOON + 9 * HOUR, NOON + 10 * HOUR)
    assert (len(empty.answers), len(empty.features)) == (0, 0)


def test_a_store_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(DataError, match=r"log at 'nostore://ann:\*\*\*@host' cannot be read"):
        list(log_rows("nostore://ann:hunter2@host", "shop", NOON, NOON + HOUR))


def test_a_window_without_a_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="time zone"):
        list(log_rows(str(tmp_path), "shop", NOON.replace(tzinfo=None), NOON))


class Asked(LocalFileSystem):
    """A file system that counts its listings, each of which an object store answers at once."""

    protocol = "asked"
    listings = 0

    def ls(self, path: str, detail: bool = False, **options: Any) -> Any:
        """One level."""
        Asked.listings += 1
        return super().ls(path, detail=detail, **options)

    def find(self, path: str, **_: Any) -> list[str]:
        """Everything below."""
        Asked.listings += 1
        return [str(each) for each in Path(self._strip_protocol(path)).rglob("*") if each.is_file()]


def test_a_long_window_asks_the_store_once_a_day_and_not_once_an_hour(tmp_path: Path) -> None:
    fsspec.register_implementation("asked", Asked, clobber=True)
    moments = [NOON + HOUR * hours for hours in (0, 1, 20, 75)]
    for place_, when in enumerate(moments):
        ship(tmp_path, when, record(when, str(place_)))
    Asked.listings = 0
    found = log_rows(f"asked://{tmp_path}", "shop", NOON - 720 * HOUR, NOON + 720 * HOUR)
    assert [row["id"] for row in found] == ["0", "1", "2", "3"]
    assert Asked.listings == 1 + 3  # The days, and then each day that holds a file.
