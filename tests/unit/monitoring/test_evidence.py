"""When Evidently's page is drawn, and from which rows."""

import numpy as np
import pytest

from steps.monitoring.drift import decoded
from steps.monitoring.evidence import wanted
from steps.monitoring.part import parts_of_rows
from steps.monitoring.sample import Sample
from steps.monitoring.settings import MonitoringSettings
from steps.monitoring.verdict import Outcome
from steps.monitoring.window import gather
from tests.unit.monitoring.spread import CATEGORIES, MISSING, SCHEMA, UNSEEN, profile
from tests.unit.monitoring.test_judgement import log


def test_a_sample_is_bounded_and_fair_to_every_chunk() -> None:
    """Rows that came late stay as likely as those that came first; the seed repeats it."""
    stream = np.arange(50_000, dtype=np.float32).reshape(-1, 1)
    samples = [Sample(1000, seed=1), Sample(1000, seed=1)]
    for sample in samples:
        for place in range(0, 50_000, 700):
            sample.add(stream[place : place + 700])
    first, second = (sample.rows for sample in samples)
    assert first is not None
    assert second is not None
    assert len(np.unique(first)) == 1000
    np.testing.assert_array_equal(first, second)
    assert first.mean() == pytest.approx(25_000, rel=0.05)


def test_a_window_keeps_rows_only_where_some_are_wanted() -> None:
    """All of them where they are few."""
    assert gather(parts_of_rows(log(300), SCHEMA), profile(), SCHEMA, "4", {}).sample.rows is None
    kept = gather(
        parts_of_rows(log(300), SCHEMA), profile(), SCHEMA, "4", {}, sampled=500
    ).sample.rows
    assert kept is not None
    assert kept.shape == (300, 4)


def test_encoded_categories_have_their_names_back() -> None:
    """New ones are told as such, and missing ones stay missing."""
    matrix = np.array([[0.5, 1, 2, 0], [np.nan, 1, 2, UNSEEN], [0, 1, 2, MISSING]], np.float32)
    frame = decoded(matrix, SCHEMA)
    assert frame["kind"].tolist()[:2] == [CATEGORIES[0], "(new)"]
    assert frame["kind"].isna().tolist() == [False, False, True]
    assert frame["normal"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("report", "outcome", "drawn"),
    [
        ("found", "drift", True),
        ("found", "degraded", True),
        ("found", "ok", False),
        ("found", "too few rows", False),
        ("always", "ok", True),
        ("never", "drift", False),
    ],
)
def test_the_page_is_drawn_when_it_was_asked_for(
    report: str, outcome: Outcome, drawn: bool
) -> None:
    assert wanted(outcome, MonitoringSettings(report=report)) is drawn  # type: ignore[arg-type]
