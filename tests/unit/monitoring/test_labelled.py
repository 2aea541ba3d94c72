"""What is kept of answers whose label came."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

from steps.monitoring.labelled import Labelled
from tests.unit.monitoring.spread import SCHEMA

BEGIN = datetime(2026, 1, 31, tzinfo=UTC)


def rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Answers, the latest one first."""
    return [
        {
            "id": f"r{place}", "row": 0, "time": (BEGIN + timedelta(seconds=place)).isoformat(),
            "scores": [1 - place / 1e6, place / 1e6],
            "features": {"kind": f"k{place % 3}", "normal": place / 7, "empty": None},
        }
        for place in reversed(range(first, first + count))
    ]  # fmt: skip


def test_labels_scores_and_slices_stay_together_in_the_order_of_time() -> None:
    """Whatever the order in which they came; a column that no row has is left out."""
    found = Labelled(slices=["kind", "empty"])
    labels = {(f"r{place}", 0): ("no", "yes")[place % 2] for place in range(7)}
    found.add(rows(3, first=4), labels, SCHEMA)
    found.add(rows(4), labels, SCHEMA)
    found.add(rows(2), labels, SCHEMA)  # Sent again.
    assert len(found) == 7
    frame = found.frame("y")
    assert frame.to_dict("list") == {
        "kind": [f"k{place % 3}" for place in range(7)],
        "y": [("no", "yes")[place % 2] for place in range(7)],
    }
    assert [round(float(each) * 1e6) for each in found.scores(SCHEMA)[:, 1]] == list(range(7))
    assert found.time(5) == BEGIN + timedelta(seconds=5)


def test_values_that_are_equal_and_not_the_same_stay_apart() -> None:
    """True is no 1."""
    found, given = Labelled(slices=["kind"]), rows(2)
    given[0]["features"]["kind"], given[1]["features"]["kind"] = True, 1
    found.add(given, {("r0", 0): "no", ("r1", 0): "no"}, SCHEMA)
    assert [repr(each) for each in found.frame("y")["kind"]] == ["1", "True"]


def test_a_labelled_row_takes_little_memory() -> None:
    """Not the row itself, which takes a kilobyte and more."""
    labels = {(f"r{place}", 0): "no" for place in range(5000)}
    found = Labelled(slices=["kind"])
    tracemalloc.start()
    for first in range(0, 5000, 500):
        found.add(rows(500, first), labels, SCHEMA)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / 5000 < 300
