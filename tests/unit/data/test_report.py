"""The data report tells of rows, columns and findings, and gives no sensitive value away."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serving.schema import Task
from steps.data.report import render
from steps.data.schema import learn_schema
from steps.data.settings import ColumnSettings, SplitSettings, ValidationSettings
from steps.data.split import deal
from steps.data.validate import check_table
from steps.monitoring.report import ColumnDrift, DriftReport
from tests.unit.data.test_stored import stored
from tests.unit.evaluation.test_report import Tags

ODD = "<script>alert(1)</script>"
VALIDATION, SPLIT = ValidationSettings(), SplitSettings()


def table(rows: int = 1000, wide: int = 0) -> pd.DataFrame:
    """Every kind of column, one of which gives the target away."""
    random = np.random.default_rng(0)
    size = random.normal(size=rows)
    frame = pd.DataFrame(
        {
            "size": np.where(random.random(rows) < 0.1, np.nan, random.gamma(2, 50_000, rows)),
            ODD: random.choice(["a & b", "<i>c</i>"], rows),
            "since": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(random.integers(0, 900, rows), "D"),
            "origin": random.choice(["secretland", "hiddenia"], rows),
            "built": random.integers(1961, 2014, rows),
            "leaky": size,
            **{f"more {number}": random.normal(size=rows) for number in range(wide)},
        }
    )
    return frame.assign(kind=np.where(size > 0, "yes", "no"), price=size * 3)


def page(
    frame: pd.DataFrame, target: str, *, drifted: bool = False, folder: Path | None = None
) -> str:
    """The page of a table's split, with Evidently's verdicts made up.

    Args:
        folder: Where both sides lie as steps are given them; None: they are in memory.
    """
    asked = ColumnSettings(target=target, sensitive=("origin",))
    checks = check_table(frame, asked, VALIDATION)
    dealt = deal(frame, SPLIT, checks.identity)
    train, test = (frame[side].reset_index(drop=True) for side in (~dealt.held_out, dealt.held_out))
    schema = learn_schema(train, checks.features, target, checks.task, VALIDATION, checks.sensitive)
    columns = tuple(
        ColumnDrift(
            column=name, test="Jensen-Shannon distance", threshold=0.1, value=0.2 * drifted,
            drifted=drifted,
        )
        for name in schema.names
    )  # fmt: skip
    drift = DriftReport(reference=800, current=200, columns=columns, report="/store/drift.html")
    if folder is None:
        return render(train, test, schema, checks, SPLIT, drift)
    for name in ("train", "test"):
        (folder / name).mkdir()
    kept = stored(train, folder / "train"), stored(test, folder / "test")
    return render(*kept, schema, checks, SPLIT, drift)


@pytest.fixture(scope="module")
def classes() -> str:
    return page(table().drop(columns="price"), "kind")


def test_the_page_is_whole_and_needs_nothing_from_outside(classes: str) -> None:
    tags = Tags(classes)
    assert tags.open == []
    assert not tags.seen & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"https?:|@import|url\(|\bnan\b|None", classes)


def test_what_the_table_holds_cannot_become_markup(classes: str) -> None:
    assert ODD not in classes
    assert "<i>" not in classes
    assert "a &amp; b" in classes


def test_rows_split_and_kinds_are_told(classes: str) -> None:
    text = re.sub(r"\s+", " ", classes)
    assert "1,000 rows with 6 columns to predict &#39;kind&#39; from" in text
    assert "Held out by a seeded hash of the row, 20% of all." in text
    assert "<td>datetime<span" in text
    assert "1961 to 2013" in text
    assert "2 categories, most often" in text


def test_a_leak_is_told_first_and_tagged_in_its_row(classes: str) -> None:
    text = re.sub(r"\s+", " ", classes)
    assert "One warning" in text
    assert "&#39;leaky&#39; alone predicts &#39;kind&#39;" in text
    rows = text[text.index("<h2>Columns") :]
    assert rows.index("leaky") < rows.index("size")
    assert 'leaky<span class="tag watch">leak' in rows
    assert "No column alone" not in text


@pytest.mark.parametrize("target", ["kind", "price"])
def test_tables_that_stay_in_their_files_have_the_same_page(target: str, tmp_path: Path) -> None:
    frame = table()
    assert page(frame, target, folder=tmp_path) == page(frame, target)


def test_without_a_leak_that_is_said_too() -> None:
    told = page(table().drop(columns=["price", "leaky"]), "kind")
    assert "No column alone gives the target away." in told
    assert "Nothing to warn of" in told


def test_a_sensitive_column_is_listed_without_its_values(classes: str) -> None:
    assert "origin" in classes
    assert "secretland" not in classes
    assert "hiddenia" not in classes


def test_drifted_columns_are_named_with_their_measure() -> None:
    told = page(table(), "kind", drifted=True)
    assert told.count(">drifted</span>") == 7
    assert "lie apart in size, " in told
    assert "Jensen-Shannon distance" in told
    assert "/store/drift.html" in told


def test_a_number_to_predict_has_its_histogram() -> None:
    told = page(table().drop(columns="kind"), "price")
    assert 'aria-label="price, training and held out"' in told


def test_a_wide_table_has_a_small_page() -> None:
    """It says what it leaves out."""
    told = page(table(300, wide=400), "kind")
    assert len(told) < 1_000_000
    assert "more columns are not listed." in told
    assert "more columns are not drawn." in told


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_the_same_table_gives_the_same_page(task: Task) -> None:
    target = {"binary": "kind", "regression": "price"}[task]
    frame = table().drop(columns={"kind", "price"} - {target})
    assert page(frame, target) == page(frame, target)


def test_many_findings_do_not_hide_the_rest() -> None:
    """The verdict names some, the list all."""
    frame = table().assign(**{f"constant {number}": 1 for number in range(9)})
    told = page(frame.drop(columns="price"), "kind")
    assert "10 warnings" in told
    assert "5 more warnings, below." in told
    assert all(f"constant {number}" in told for number in range(9))
