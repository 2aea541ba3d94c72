"""The model report tells how a challenger answers, by which columns, and what it would change."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from serving.schema import Task
from steps.evaluation.changes import told
from steps.evaluation.description import try_to_describe
from steps.evaluation.measure import evaluate_candidates
from steps.evaluation.report import render
from tests.unit.evaluation.answering import GATE, ODD, Answering, answering
from tests.unit.evaluation.models import SPLIT
from tests.unit.evaluation.test_report import Tags

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


@pytest.fixture(scope="module")
def found() -> dict[str, Answering]:
    return {task: answering(task) for task in TASKS}


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_page_that_stands_alone(found: dict[str, Answering], task: Task) -> None:
    page = found[task].page
    tags = Tags(page)
    assert tags.open == []
    assert not tags.seen & {"script", "link", "img", "iframe", "object", "i&gt;", "up"}
    assert not re.search(r"https?:|@import|url\(|nan|NaN|None", page)
    assert len(page) < 1_000_000


@pytest.mark.parametrize("task", TASKS)
def test_the_same_models_and_rows_give_the_same_page_from_files_too(
    found: dict[str, Answering], task: Task, tmp_path: Path
) -> None:
    assert answering(task, folder=tmp_path).page == found[task].page


@pytest.mark.parametrize(
    ("task", "titles"),
    [
        ("binary", ["ROC curve", "Precision and recall", "Calibration", "Scores"]),
        ("multiclass", ["ROC curve", "Precision and recall", "Calibration", "How sure it is"]),
        ("regression", ["Predicted and true", "Residuals", "How far off", "Calibration"]),
    ],
)
def test_each_task_has_the_pictures_that_tell_most(
    found: dict[str, Answering], task: Task, titles: list[str]
) -> None:
    assert [each.title for each in found[task].description.pictures] == titles
    assert all(title in found[task].page for title in titles)


def test_challenger_and_champion_are_drawn_on_the_same_plane(found: dict[str, Answering]) -> None:
    curve = found["binary"].description.pictures[0].chart
    assert [key.tone for key in curve.keys] == ["first", "rival"]
    assert "champion, version 7, area" in found["binary"].page


def test_each_class_has_its_curve_against_the_rest(found: dict[str, Answering]) -> None:
    curve = found["multiclass"].description.pictures[0].chart
    assert [key.name.split(",")[0] for key in curve.keys] == ["low", "middle", "high & <up>"]
    assert "high &amp; &lt;up&gt;, area" in found["multiclass"].page


@pytest.mark.parametrize("task", TASKS)
def test_columns_are_listed_by_what_the_model_makes_of_them(
    found: dict[str, Answering], task: Task
) -> None:
    weights = found[task].description.weights
    assert weights[0].column == "x"
    assert {each.column for each in weights[1:]} == {"z", ODD}
    assert weights[1].lost.value == weights[1].added == 0


def test_rows_that_change_are_counted_and_the_ways_add_up(found: dict[str, Answering]) -> None:
    here = found["multiclass"]
    changed, contest = here.description.changes, here.comparison.contest
    assert changed
    assert contest
    before, after = contest.rival.argmax(axis=1), contest.challenger.argmax(axis=1)
    assert changed.changed == (before != after).sum() == sum(way.rows for way in changed.ways)
    right, was_right = after == contest.y, before == contest.y
    assert changed.better - changed.worse == right.sum() - was_right.sum()
    assert changed.both == (right & was_right).sum()


def test_examples_are_the_rows_that_they_say(found: dict[str, Answering]) -> None:
    for task in TASKS:
        here = found[task]
        changed = here.description.changes
        assert changed
        assert {example.better for example in changed.examples} == {True, False}
        assert changed.columns[0] == "x"
        for example in changed.examples:
            row = here.test.iloc[example.row - 1]
            assert example.values[0] == told(row["x"])
            assert example.truth == told(row["y"])


def test_a_number_that_moves_little_is_the_same_answer(found: dict[str, Answering]) -> None:
    here = found["regression"]
    changed, contest = here.description.changes, here.comparison.contest
    assert changed
    assert contest
    apart = np.abs(contest.challenger - contest.rival)[:, 0]
    assert changed.changed == (apart > 0.1 * contest.y.std()).sum()
    assert changed.better > changed.worse


def test_without_a_champion_nothing_is_said_of_one() -> None:
    here = answering("binary", alone=True)
    assert here.description.changes is None
    assert "row by row" not in here.page
    assert "champion, version" not in here.page
    assert "ROC curve" in here.page


def test_a_sensitive_column_has_a_weight_and_no_value() -> None:
    """Neither in an example nor as the colour of a dot."""
    here = answering("binary", sensitive=True)
    changed = here.description.changes
    assert changed
    assert ODD not in changed.columns
    (hidden,) = (each for each in here.description.weights if each.column == ODD)
    assert np.isnan(hidden.places).all()


def test_what_cannot_be_drawn_is_told_and_loses_no_training(found: dict[str, Answering]) -> None:
    """The decision stands, and its page says why it is short."""
    here = found["binary"]
    args = (here.challenger, here.comparison, "", here.train)
    described, why = try_to_describe(*args, here.test.drop(columns="z"))
    assert described is None
    assert "The table has no column 'z'" in why
    assert try_to_describe(*args, here.test)[1] == ""
    measured = evaluate_candidates([here.challenger], here.test, GATE, SPLIT)
    page = render("m", here.comparison.decision, measured, (), {}, None, (), why)
    assert "could not be drawn" in page
    assert "no column &#39;z&#39;" in page


def test_the_card_has_its_nine_sections_and_says_what_is_not_stated(
    found: dict[str, Answering],
) -> None:
    page = re.sub(r"\s+", " ", found["binary"].page)
    card = page[page.index("<h2>Model card") :]
    assert re.findall(r"<h3>(.*?)</h3>", card) == [
        "Model details",
        "Intended use",
        "Factors",
        "Metrics",
        "Evaluation data",
        "Training data",
        "Quantitative analyses",
        "Ethical considerations",
        "Caveats and recommendations",
    ]
    assert "Choose whom to write to. &lt;script&gt;" in card
    assert "not stated (<code>card.ethics</code>)" in card
    assert "card.uses" not in card
    assert "alone predicts" in card


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (0.123456, "0.1235"),
        (1999.0, "1999"),
        (1234567.0, "1,234,567"),
        (7, "7"),
    ],
)
def test_values_are_told_as_a_person_reads_them(value: object, text: str) -> None:
    assert told(value) == text
