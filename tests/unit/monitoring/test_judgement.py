"""From rows of the log to a verdict."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from serving.errors import ConfigError
from steps.evaluation.evaluation import Evaluation, Score
from steps.evaluation.intervals import Interval
from steps.evaluation.metrics import find_metric
from steps.evaluation.settings import GateSettings
from steps.monitoring.judgement import judge
from steps.monitoring.part import Labels, parts_of_rows
from steps.monitoring.performance import changed_at, drop, measure
from steps.monitoring.settings import MonitoringSettings
from steps.monitoring.verdict import Verdict
from steps.monitoring.window import gather, labels_of
from tests.unit.monitoring.spread import CATEGORIES, SCHEMA, answers, draw, profile

BEGIN = datetime(2026, 1, 31, tzinfo=UTC)
TRAINED = Evaluation(
    candidate="linear",
    kind="linear",
    digest="sha256:aa",
    rows=4000,
    scores=(Score(metric="roc_auc", value=0.8, low=0.78, high=0.82),),
)


def log(rows: int, seed: int = 3, shift: float = 0.0, version: str = "4") -> Iterator[Any]:
    """Rows as the log holds them, one a request."""
    scores = answers(rows, seed)
    for place, (row, score) in enumerate(zip(draw(rows, seed, shift), scores, strict=True)):
        values = dict(zip(SCHEMA.names, row.tolist(), strict=True))
        values["kind"] = CATEGORIES[int(values["kind"])]
        yield {
            "time": (BEGIN + timedelta(seconds=place)).isoformat(),
            "id": f"r{place}",
            "row": 0,
            "version": version,
            "features": {name: None if value != value else value for name, value in values.items()},
            "scores": score.tolist(),
        }


def labelled(rows: int, seed: int = 3, wrong: float = 0.0, begin: int = 0) -> Labels:
    """Labels that the scores predict, but for a share of them from one row on."""
    rng = np.random.default_rng(seed)
    order = answers(rows, seed)[:, 1]
    truth = order > np.quantile(order, 0.7) + rng.normal(0, 0.1, rows)
    flipped = (rng.random(rows) < wrong) & (np.arange(rows) >= begin)
    return {(f"r{i}", 0): ("no", "yes")[int(t)] for i, t in enumerate(truth ^ flipped)}


def verdict(rows: int, labels: Labels | None = None, **more: Any) -> Verdict:
    """The verdict on rows and their labels."""
    known, settings = labels or {}, MonitoringSettings()
    window = gather(parts_of_rows(log(rows, **more), SCHEMA), profile(), SCHEMA, "4", known)
    performance = measure(window, SCHEMA, TRAINED, GateSettings(resamples=200), settings)
    return judge(
        window, profile(), performance, settings,
        model="m", version="4", since=BEGIN, until=BEGIN + timedelta(days=1), labels=known,
    )  # fmt: skip


def test_rows_like_those_of_the_training_are_ok() -> None:
    """And so are few labels."""
    found = verdict(1500, dict(list(labelled(1500).items())[:50]))
    assert (found.outcome, found.rows, found.answered) == ("ok", 1500, 1500)
    assert (found.labelled, found.performance) == (50, None)
    assert found.reasons == ("None of 4 columns has drifted in 1,500 rows.",)


def test_a_moved_column_is_a_drift_and_is_named() -> None:
    """With its number and its threshold."""
    found = verdict(1500, shift=1.0)
    assert (found.outcome, found.drifted) == ("drift", ("normal",))
    assert "Column 'normal' has drifted: PSI" in found.reasons[0]


def test_values_that_went_missing_are_told_in_points() -> None:
    """With what was and what is."""
    rows = [{**row, "features": {**row["features"]}} for row in log(2000)]
    for row in rows[:200]:
        row["features"]["normal"] = None
    window = gather(parts_of_rows(rows, SCHEMA), profile(), SCHEMA, "4", {})
    found = judge(
        window, profile(), None, MonitoringSettings(),
        model="m", version="4", since=BEGIN, until=BEGIN + timedelta(days=1),
    )  # fmt: skip
    assert found.reasons[0] == (
        "Column 'normal' has drifted: missing share (z test) 10.1 points, above 3 points; "
        "missing 15.2%, before 5.1%."
    )


def test_labels_that_the_answers_still_fit_are_ok() -> None:
    """The metric is told with what it was."""
    found = verdict(1500, labelled(1500))
    assert found.outcome == "ok"
    assert found.performance is not None
    assert found.performance.now.value == pytest.approx(0.8, abs=0.2)
    assert "roc_auc is 0." in found.reasons[0]


def test_answers_that_turn_out_wrong_are_a_degraded_model() -> None:
    """Whatever the columns look like."""
    found = verdict(1500, labelled(1500, wrong=0.5))
    assert found.outcome == "degraded"
    assert found.performance is not None
    assert found.performance.drop.low is not None
    assert found.performance.drop.low > 0
    assert found.drifted == ()


def test_few_rows_say_nothing() -> None:
    """Rather than something by chance."""
    found = verdict(150)
    assert (found.outcome, found.columns) == ("too few rows", ())
    assert "150 rows; 200 are needed" in found.reasons[0]
    assert verdict(0).outcome == "too few rows"


def test_another_versions_answers_are_not_the_champions() -> None:
    """Its rows count as inputs alone."""
    found = verdict(1500, labelled(1500), version="3")
    assert (found.rows, found.answered, found.labelled) == (1500, 0, 0)
    assert found.answers == ()
    assert found.unmatched == 1500


def test_a_rise_of_the_error_is_dated() -> None:
    """By the time of the rows."""
    rng = np.random.default_rng(1)
    stream = (rng.random(3000) < np.where(np.arange(3000) < 2000, 0.1, 0.4)).astype(float)

    def when(place: int) -> datetime:
        return BEGIN + timedelta(seconds=place)

    assert "2026-01-31T00:33" < changed_at(stream, when) < "2026-01-31T00:37"
    assert changed_at(stream[:2000], when) == ""
    assert changed_at(1 - stream, when) == ""


def test_a_drop_has_the_bounds_of_both_sides() -> None:
    """Whichever way the metric counts."""
    roc = find_metric("roc_auc", "binary")
    found = drop(roc, Interval(0.8, 0.77, 0.83), Interval(0.7, 0.66, 0.74))
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.05, 0.15))
    loss = find_metric("log_loss", "binary")
    found = drop(loss, Interval(0.3, 0.27, 0.33), Interval(0.4, 0.36, 0.44))
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.05, 0.15))


def test_a_request_of_many_rows_has_a_label_a_row() -> None:
    """The last label of a row counts, and one without an id or a label is none."""
    table = pd.DataFrame(
        {"id": ["a", "a", "a", None], "row": [0, 1, 1, 0], "y": ["no", "no", "yes", "no"]}
    )
    assert labels_of(table, "y") == {("a", 0): "no", ("a", 1): "yes"}
    assert labels_of(table[["id", "y"]].head(1), "y") == {("a", 0): "no"}
    with pytest.raises(ConfigError, match=r"no column 'bought' \(--labels\)"):
        labels_of(table, "bought")


def test_a_request_that_was_sent_twice_is_one_witness() -> None:
    """Its id is logged twice, and its label counts once."""
    rows = [*log(300), *log(300)]
    window = gather(parts_of_rows(rows, SCHEMA), profile(), SCHEMA, "4", labelled(300))
    assert (window.rows, len(window.labelled)) == (600, 300)
