"""The decision's page stands alone and tells every part of the decision."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from steps.data.finding import warn
from steps.evaluation.comparison import Files, compare_candidate
from steps.evaluation.evaluation import Decision, Evaluations, Score
from steps.evaluation.measure import evaluate_candidates
from steps.evaluation.numbers import limit, show, sign
from steps.evaluation.report import headline, render
from steps.evaluation.settings import GateSettings
from steps.pages.axis import Axis
from steps.registry.version import Champion
from tests.unit.evaluation.models import SPLIT, candidate, schema_of, sides, table
from tests.unit.evaluation.test_comparison import version

TRAIN, TEST = sides(table())
GATE = GateSettings(resamples=100, slices=("group",), slice_floor=0.5)
STRONG = candidate([3.0, 0.0], schema_of("x", "z"), name="strong", cv=0.9)
WEAK = candidate([1.0, 1.0], schema_of("x", "z"), name="<weak>", cv=0.8)
LINEAGE = {"Data": "sha256:d", "Commit": "abc", "Config": "demo", "Stack": "local"}
FOUND = (warn("duplicates", "41 duplicate rows & more."),)


@pytest.fixture(scope="module")
def evaluations() -> Evaluations:
    return evaluate_candidates([WEAK, STRONG], TEST, GATE, SPLIT)


@pytest.fixture(scope="module")
def decision() -> Decision:
    champion = Champion(model="demo", version=version(WEAK))
    files = Files(WEAK.onnx, WEAK.schema.to_json())
    return compare_candidate(STRONG, champion, files, TRAIN, TEST, GATE, SPLIT).decision


@pytest.fixture(scope="module")
def page(decision: Decision, evaluations: Evaluations) -> str:
    return render("demo", decision, evaluations, FOUND, LINEAGE)


class Tags(HTMLParser):
    """The tags of a page, and whether each is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_from_outside(page: str) -> None:
    tags = Tags(page)
    assert tags.open == []
    assert not tags.seen & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"https?:|@import|url\(", page)
    assert len(page) < 1_000_000


def test_the_page_tells_the_decision_its_reasons_and_its_lineage(
    page: str, decision: Decision
) -> None:
    told = re.sub(r"\s+", " ", page)
    assert "strong&#39; becomes champion in place of version 7" in told
    assert all(word in told for word in ("sha256:d", "abc", "demo", "local", "paired"))
    assert decision.reasons[0] in told


def test_every_candidate_and_slice_has_a_plot(page: str, decision: Decision) -> None:
    assert page.count("<svg") == 1 + 2 + len(decision.slices)
    assert "group = True" in page


def test_what_the_data_holds_cannot_become_markup(page: str) -> None:
    assert "<weak>" not in page
    assert "&lt;weak&gt;" in page
    assert "41 duplicate rows &amp; more." in page


def test_a_decision_without_a_comparison_has_a_page_too(evaluations: Evaluations) -> None:
    bare = Decision(
        outcome="unchanged",
        against="nothing",
        metric="roc_auc",
        challenger="strong",
        challenger_digest="sha256:1",
        champion="7",
        reasons=("The same.",),
    )
    page = render("demo", bare, evaluations, (), {})
    assert Tags(page).open == []
    assert "Version 7 stays champion" in page


@pytest.mark.parametrize(
    ("outcome", "champion", "sentence"),
    [
        ("promote", "", "'m' becomes champion"),
        ("refuse", "3", "Version 3 stays champion; 'm' does not pass"),
        ("refuse", "", "There is no champion yet; 'm' does not pass"),
    ],
)
def test_the_headline_says_who_is_champion_now(outcome: str, champion: str, sentence: str) -> None:
    told = Decision.model_validate(
        {
            "outcome": outcome,
            "against": "champion",
            "metric": "roc_auc",
            "challenger": "m",
            "challenger_digest": "",
            "champion": champion,
            "reasons": (),
        }
    )
    assert headline(told) == sentence


def test_an_axis_holds_every_number_and_keeps_their_order() -> None:
    axis = Axis.around([0.7, 0.9, None, 0.8])
    places = [axis.place(number) for number in (0.7, 0.8, 0.9)]
    assert 0 < places[0] < places[1] < places[2] < 100
    assert Axis.around([1.0, 1.0]).place(1.0) == 50


def test_an_undefined_score_is_not_drawn() -> None:
    assert Axis(0, 1).plot(Score(metric="roc_auc", value=None, low=None, high=None)) is None


@pytest.mark.parametrize(
    ("number", "told"),
    [(0.81, "0.8100"), (0.00032, "0.00032"), (0.0, "0.0000"), (1234.5, "1,234"), (None, "-")],
)
def test_numbers_are_told_with_the_digits_that_matter(number: float | None, told: str) -> None:
    assert show(number) == told


def test_a_difference_has_its_sign_and_a_limit_is_told_as_it_was_set() -> None:
    assert (sign(0.01234), sign(-2.0), limit(0.85)) == ("+0.0123", "-2.0000", "0.85")
