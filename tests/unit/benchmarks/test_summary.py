"""The README's short table."""

from typing import Any

import pytest

from benchmarks.results import read
from benchmarks.summary import QUESTIONS, lines, summary
from benchmarks.table import BEGIN, END
from tests.docs.lines import ROOT


def plain(value: float) -> dict[str, float]:
    return {"median": value, "low": value, "high": value}


def sections(ours: float, peer: float) -> dict[str, Any]:
    """The images of both sides."""
    arms = {"ours": ours, "naive ZenML, torch for CPUs": peer}
    return {"images": {"rows": [{"arm": arm, "megabytes": size} for arm, size in arms.items()]}}


def test_a_line_holds_ours_against_the_peer() -> None:
    (line,) = lines(sections(1383, 1905))
    assert line["ours"] == "1,383 MB"
    assert line["peer"] == "naive ZenML, torch for CPUs: 1,905 MB"
    assert line["times"] == "0.73"


def test_a_small_ratio_is_one_in_so_many() -> None:
    (line,) = lines(sections(100, 2500))
    assert line["times"] == "1/25"


def test_what_was_not_measured_has_no_line() -> None:
    assert list(lines({})) == []


def test_the_line_of_a_table_with_several_sizes_is_of_one_of_them() -> None:
    batch = next(each for each in QUESTIONS if each.section == "batch")
    sizes = [{"rows": 5_000_000, "rate": plain(2)}, {"rows": 1_000_000, "rate": plain(1)}]
    rows = [{"arm": batch.ours, "kind": "linear", **each} for each in sizes]
    assert batch.row(rows, batch.ours) == rows[1]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: f"{each.section}-{each.peer}")
def test_each_question_finds_its_arms_in_what_was_measured(question: Any) -> None:
    """An arm that is called anew would drop out of the README without a word."""
    section = read()["sections"].get(question.section)
    if section is not None:
        assert question.row(section["rows"], question.ours)
        assert question.row(section["rows"], question.peer)


def test_the_readme_shows_what_was_measured_last() -> None:
    """Nobody writes a figure there by hand."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == summary(read())
