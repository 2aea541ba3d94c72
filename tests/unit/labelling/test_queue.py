"""Which rows of a log are asked for."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any

import numpy as np
import pytest

from serving.errors import DataError
from serving.schema import TableSchema
from steps.labelling.diversity import pick
from steps.labelling.doubt import margin_doubt, oddness
from steps.labelling.queue import Pick, Search
from steps.labelling.settings import QueueSettings
from steps.labelling.sheet import sheet_of
from tests.unit.labelling.rows import REGRESSION, answered, features, schema
from tests.unit.monitoring.spread import SCHEMA, draw, profile

PROFILE = profile()
SINCE, UNTIL = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)


def search(log: Any, count: int, labels: Any = None, of: TableSchema = SCHEMA) -> Search:
    settings = QueueSettings(since=SINCE, until=UNTIL, count=count)
    kept = [each for each in PROFILE.columns if each.name not in of.sensitive]
    return Search(replace(PROFILE, columns=tuple(kept)), of, "1", labels or {}, settings).through(
        log
    )


def ids(picks: list[Pick]) -> list[str]:
    return [str(each.row["id"]) for each in picks]


def test_the_margin_counts_and_not_the_top_score_alone() -> None:
    """Of three classes the two likeliest decide."""
    level, clear = [0.45, 0.44, 0.11], [0.40, 0.30, 0.30]
    doubts = margin_doubt(np.array([level, clear], dtype=np.float32))
    assert doubts == pytest.approx([0.99, 0.90], abs=1e-6)


def test_the_rows_that_the_champion_doubts_come_first() -> None:
    sure = [answered(f"sure{i}", 0.999) for i in range(40)]
    unsure = [answered(f"doubt{i}", 0.5 + i / 100) for i in range(4)]
    found = search([*sure[:20], *unsure, *sure[20:]], 4)
    assert sum(name.startswith("doubt") for name in ids(found.picks())) >= 3
    weights = [each.score for each in found.picks()]
    assert weights == sorted(weights, reverse=True)


def test_rows_that_say_the_same_are_asked_for_once_each_kind() -> None:
    """Forty near copies of one doubtful row leave room for another one that differs."""
    copies = [
        answered(f"copy{i}", 0.5, features=features(1, normal=0.5 + i / 1000)) for i in range(18)
    ]
    other = answered("other", 0.55, features=features(2, normal=-2.0, kind="k3", whole=9))
    assert "other" in ids(search([*copies, other], 2).picks())


def test_equal_rows_are_one_row() -> None:
    same = features(3)
    log = [answered(name, 0.5, features=same) for name in "abc"] + [answered("d", 0.9)]
    assert len(search(log, 2).picks()) == 2
    with pytest.raises(DataError, match="2 different rows without a label, and 3 were asked"):
        search(log, 3).picks()


def test_labelled_rows_and_rows_like_them_are_left_out() -> None:
    """Whether the twin came before the labelled one or behind it."""
    twin = features(4)
    log = [
        answered("before", 0.5, features=twin),
        answered("labelled", 0.5, features=twin),
        answered("behind", 0.5, features=twin),
        answered("left", 0.9),
    ]
    found = search(log, 1, {("labelled", 0): "yes"})
    assert ids(found.picks()) == ["left"]
    assert found.labelled == 1


def test_another_versions_doubts_do_not_count() -> None:
    log = [answered("old", 0.5, version="0"), answered("new", 0.9)]
    assert ids(search(log, 1).picks()) == ["new"]


def test_the_order_of_the_log_and_its_length_change_nothing() -> None:
    """Equal doubts are decided by a hash of the row, and the pool is bounded."""
    log = [answered(f"r{i}", 0.5) for i in range(300)]
    found, turned = search(log, 5), search(log[::-1], 5)
    assert found.pool.entries is not None
    assert len(found.pool.entries.rows) == 50
    assert ids(found.picks()) == ids(turned.picks())


def test_a_log_is_read_as_it_comes() -> None:
    """No more of it is held than the pool."""

    rows = [answered("r", 0.5, row=number) for number in range(60)]
    found = search(islice(cycle(rows), 21_000), 5)
    assert found.pool.entries is not None
    assert len(found.pool.entries.rows) == 50


def test_a_regression_asks_for_what_training_knows_least() -> None:
    """And says in which columns."""
    usual = [answered(f"u{i}") for i in range(30)]
    odd = answered("odd", features=features(5, normal=40.0, kind="never seen"))
    first = search([*usual, odd], 31, of=REGRESSION).picks()[0]
    assert first.row["id"] == "odd"
    assert "normal" in first.reason
    assert "kind" in first.reason


def test_what_lies_farther_out_is_odder() -> None:
    matrix = np.repeat(draw(1, 3), 3, axis=0)
    matrix[:, 0] = [0.0, 2.5, np.nan]
    odd = oddness(matrix, PROFILE, SCHEMA)[:, 0]
    assert odd[0] < odd[2] < odd[1]


def test_too_few_rows_and_none_are_told_with_what_to_do() -> None:
    with pytest.raises(DataError, match="holds no row of this window: name a longer one"):
        search([], 1).picks()
    with pytest.raises(DataError, match="Ask for --count 1, or a longer window with --since"):
        search([answered("a", 0.5)], 2).picks()


def test_as_many_are_picked_as_asked_for_among_equal_points() -> None:
    """Fewer places than clusters."""
    points = np.repeat([[0.0], [1.0]], 10, axis=0)
    places, _ = pick(points, np.ones(20), 5, 0)
    assert len(set(places.tolist())) == 5


def test_the_sheet_shows_the_row_its_answer_and_an_empty_column_for_the_label() -> None:
    """Text in every cell, a sensitive column empty, and no name twice."""
    line = answered("a", 0.6, features=features(6, normal=None, kind="007"))
    guarded = schema("skewed")
    frame = sheet_of(search([line], 1, of=guarded).picks(), guarded)
    row = frame.iloc[0]
    assert list(frame)[:3] == ["request_id", "request_row", "answered_at"]
    assert list(frame)[-1] == "y"
    assert (row["request_id"], row["kind"], row["normal"], row["y"]) == ("a", "007", "", "")
    assert (row["prediction"], row["probability"]) == ("yes", "0.6000")
    assert row["reason"].startswith("yes (0.60) or no (0.40)")
    assert row["skewed"] == ""
