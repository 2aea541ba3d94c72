"""Evidently's verdict on two sets of rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serving.schema import Column, TableSchema
from steps.data.stored import StoredTable
from steps.monitoring.drift import compare_rows, dataset, draw

SCHEMA = TableSchema(
    task="binary",
    target="late",
    columns=(
        Column("distance", "numeric", "float64", missing_share=0.1),
        Column("left", "datetime", "datetime64", origin="2024-01-01"),
        Column("carrier", "categorical", "str", categories=("AA", "UA")),
    ),
    classes=("no", "yes"),
)


def rows(count: int, *, seed: int, shift: float = 0.0, share: float = 0.5) -> pd.DataFrame:
    """A table with a numeric column, a time, a category and the target."""
    random = np.random.default_rng(seed)
    distance = random.normal(shift, 1.0, count)
    distance[::10] = np.nan
    return pd.DataFrame(
        {
            "late": random.choice(["no", "yes"], count),
            "carrier": random.choice(["AA", "UA"], count, p=[share, 1 - share]),
            "left": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(random.integers(0, 99, count), "D"),
            "distance": distance,
        }
    )


@pytest.fixture(scope="module")
def reference() -> pd.DataFrame:
    """The rows that were learnt from."""
    return rows(2000, seed=0)


def test_like_rows_do_not_drift(reference: pd.DataFrame) -> None:
    """Two draws from one source agree on every column, and each verdict names its test."""
    report, page = compare_rows(reference, rows(2000, seed=1), SCHEMA, rows=1000, seed=0)
    assert report.drifted == ()
    assert (report.reference, report.current) == (1000, 1000)
    assert all(column.test and column.threshold > 0 for column in report.columns)
    assert "<html" in page


def test_rows_that_stay_in_their_file_are_drawn_as_those_in_memory(
    reference: pd.DataFrame, tmp_path: Path
) -> None:
    reference.to_parquet(tmp_path / "table.parquet")
    table = StoredTable.of(str(tmp_path / "table.parquet"))
    for most in (1000, 5000):
        drawn = draw(table, SCHEMA, rows=most, seed=0)
        pd.testing.assert_frame_equal(drawn, draw(reference, SCHEMA, rows=most, seed=0))


def test_shifted_columns_drift_by_name(reference: pd.DataFrame) -> None:
    """A shifted number and another mix of categories are told, on data with no new gap."""
    moved = rows(2000, seed=1, shift=2.0, share=0.9)
    report, _ = compare_rows(reference, moved, SCHEMA, rows=1000, seed=0)
    assert {"distance", "carrier"} <= set(report.drifted)


def test_each_column_has_the_number_that_evidently_itself_finds(reference: pd.DataFrame) -> None:
    """By its test and threshold, and a picture of both sides."""
    from evidently import Report
    from evidently.metrics import ValueDrift

    later = rows(2000, seed=1, shift=0.3, share=0.6)
    report, page = compare_rows(reference, later, SCHEMA, rows=1500, seed=0)
    sides = (dataset(draw(side, SCHEMA, 1500, 0), SCHEMA) for side in (later, reference))
    plain = Report([ValueDrift(column=name) for name in SCHEMA.names], []).run(*sides).dict()
    found = {each.column: (each.test, each.threshold, each.value) for each in report.columns}
    assert found == {
        each["config"]["column"]: (
            each["config"]["method"],
            each["config"]["threshold"],
            each["value"],
        )
        for each in plain["metrics"]
    }
    assert page.count('"type": "bar"') == 4 * len(SCHEMA.names)


def test_a_column_without_a_value_is_left_out(reference: pd.DataFrame) -> None:
    """Nothing can be said of a column that is missing throughout one side."""
    empty = rows(500, seed=1).assign(distance=np.nan)
    report, _ = compare_rows(reference, empty, SCHEMA, rows=1000, seed=0)
    assert "distance" not in {column.column for column in report.columns}


def test_drawing_is_bounded_and_repeats(reference: pd.DataFrame) -> None:
    """The same seed draws the same rows, and never the target."""
    drawn = draw(reference, SCHEMA, 100, seed=3)
    assert len(drawn) == 100
    assert list(drawn.columns) == ["distance", "left", "carrier"]
    pd.testing.assert_frame_equal(drawn, draw(reference, SCHEMA, 100, seed=3))
