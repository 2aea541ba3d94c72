"""The page of a verdict stands alone and tells every part of it."""

import re
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from serving.schema import Column
from steps.evaluation.settings import GateSettings
from steps.monitoring.histogram import histogram
from steps.monitoring.judgement import judge
from steps.monitoring.page import reach, render
from steps.monitoring.part import Labels, parts_of_rows
from steps.monitoring.performance import measure
from steps.monitoring.profile import Reference
from steps.monitoring.settings import MonitoringSettings
from steps.monitoring.verdict import ColumnShift
from steps.monitoring.window import gather
from tests.unit.evaluation.test_report import Tags
from tests.unit.monitoring.spread import SCHEMA, profile
from tests.unit.monitoring.test_judgement import BEGIN, TRAINED, labelled, log


def page(rows: int, labels: Labels | None = None, model: str = "m", **more: Any) -> str:
    """The page of the verdict on rows and their labels."""
    settings, reference = MonitoringSettings(), profile()
    window = gather(
        parts_of_rows(log(rows, **more), SCHEMA),
        reference,
        SCHEMA,
        "4",
        labels or {},
        slices=["kind"],
    )
    gate = GateSettings(resamples=100, slices=("kind",))
    performance = measure(window, SCHEMA, TRAINED, gate, settings)
    verdict = judge(
        window, reference, performance, settings,
        model=model, version="4", since=BEGIN, until=BEGIN + timedelta(days=1),
        labels=labels,
    )  # fmt: skip
    return render(verdict, reference, window, SCHEMA)


@pytest.fixture(scope="module")
def degraded() -> str:
    """A window of which everything is known, and nothing is good."""
    return page(3000, labelled(3000, wrong=0.6, begin=1500), shift=1.0)


def test_the_page_is_whole_and_needs_nothing_from_outside(degraded: str) -> None:
    """No script, and no address."""
    tags = Tags(degraded)
    assert tags.open == []
    assert not {"script", "img", "link", "iframe"} & tags.seen
    assert "http" not in degraded.replace("http-equiv", "")


def test_every_part_of_a_verdict_is_told(degraded: str) -> None:
    """In words, with the numbers of columns, labels and slices."""
    text = re.sub(r"\s+", " ", degraded)
    assert "Version 4 answers worse than in its training" in text
    assert "Column &#39;normal&#39; has drifted: PSI" in text
    assert "The error was first seen to have risen at <b>2026-01-31T00:" in text
    assert "kind = k0" in text
    assert text.count("drifted</span>") == 1
    assert "score yes" in text


def test_only_drifted_columns_are_drawn(degraded: str) -> None:
    """From counts, with what lies beyond the axis and what is missing."""
    assert re.findall(r"<h3>(.*?)</h3>", degraded) == ["normal"]
    assert "<title>missing: before " in degraded
    assert "<h3>" not in page(1500)


def test_what_the_log_holds_cannot_become_markup() -> None:
    """Nor can a name."""
    assert "<b>shop" not in page(10, model="<b>shop")


def test_few_rows_have_a_page_too() -> None:
    """Which says so."""
    assert "too few rows to judge version 4" in page(0)


@pytest.mark.parametrize(
    ("test", "value", "place"),
    [
        ("PSI", 0.1, 50.0),
        ("PSI", 7.0, 100.0),
        ("Wasserstein", 0.1, 50.0),
        ("KS p-value", 0.01, 50.0),
        ("KS p-value", 1.0, 0.0),
        ("KS p-value", 0.0, 100.0),
    ],
)
def test_each_test_has_its_threshold_at_the_middle(test: str, value: float, place: float) -> None:
    """Whichever way it counts."""
    limit = 0.01 if test == "KS p-value" else 0.1
    shift = ColumnShift(
        column="a", test=test, value=value, threshold=limit, drifted=False,
        missing=0.0, missing_before=0.0, unseen=0.0,
    )  # fmt: skip
    assert reach(shift) == place


def test_quantile_bins_become_bars_of_one_width() -> None:
    """Their shares stay whole, on both sides."""
    edges = tuple(float(edge) for edge in np.arange(1, 100) ** 2)
    reference = Reference("a", edges, (10,) * 100, 0)
    drawn = histogram(reference, np.append(np.arange(100), 50))
    assert sum(bar.before for bar in drawn.bars) == pytest.approx(1)
    assert sum(bar.now for bar in drawn.bars) == pytest.approx(1)
    assert drawn.bars[-1].label == "missing"
    inner = [bar.before for bar in drawn.bars[1:-2]]
    assert inner == sorted(inner, reverse=True)


def test_few_values_have_a_bar_each_and_times_are_dates() -> None:
    """A bin of a number ends at its edge."""
    time = Column("t", "datetime", "datetime64", origin="2024-01-01")
    drawn = histogram(Reference("t", (0.0, 31.0), (1, 2, 1), 0), np.array([0, 1, 3, 0]), (), time)
    assert [bar.label for bar in drawn.bars] == [
        "to 2024-01-01",
        "to 2024-02-01",
        "above 2024-02-01",
    ]


def test_rare_categories_share_a_bar() -> None:
    """New ones and missing ones keep theirs."""
    names = [f"k{number}" for number in range(30)]
    reference = Reference("c", (), (*range(30), 0), 5)
    drawn = histogram(reference, np.array([*range(30), 7, 0]), names)
    assert [bar.label for bar in drawn.bars[-3:]] == ["18 others", "new", "missing"]
    assert sum(bar.now for bar in drawn.bars) == pytest.approx(1)


def test_a_whole_number_alone_in_its_bin_is_called_by_itself() -> None:
    """Others by where their bin ends."""
    column = Column("m", "numeric", "int64", minimum=1.0, maximum=9.0)
    drawn = histogram(
        Reference("m", (1.0, 2.0, 5.0), (3, 3, 3, 3), 0), np.ones(5, np.int64), (), column
    )
    assert [bar.label for bar in drawn.bars] == ["1", "2", "to 5", "above 5", "missing"]
