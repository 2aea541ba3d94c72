"""What a comparison of stacks tells."""

from copy import deepcopy
from typing import Any

import pytest

from commands.compare import Fact, Outcome, chosen, facts, scratch_name, verdict
from serving.errors import ConfigError

ANSWER: dict[str, Any] = {
    "data": {"digest": "sha256:aa"},
    "evaluations": {
        "rows_digest": "sha256:bb",
        "challenger": "linear",
        "candidates": [
            {
                "candidate": "linear",
                "digest": "sha256:cc",
                "scores": [{"metric": "roc_auc", "value": 0.1 + 0.2}],
            }
        ],
    },
    "prediction": {"answer": {"label": "yes"}},
}


def different(facts_: list[Fact]) -> list[str]:
    """The names of what differs."""
    return [fact.name for fact in facts_ if not fact.same]


def test_equal_answers_have_no_difference() -> None:
    """Data, split, models, scores and the served answer are held side by side."""
    found = facts({"a": ANSWER, "b": deepcopy(ANSWER)})
    assert different(found) == []
    names = [fact.name for fact in found]
    assert names[:4] == ["data", "held-out rows", "challenger", "linear: ONNX"]
    assert names[-1] == "served answer"


def test_the_last_bit_of_a_score_is_a_difference() -> None:
    """0.1 + 0.2 is not 0.3, and a comparison that says so is worth having."""
    other = deepcopy(ANSWER)
    other["evaluations"]["candidates"][0]["scores"][0]["value"] = 0.3
    assert different(facts({"a": ANSWER, "b": other})) == ["linear: roc_auc"]


def test_a_stack_that_failed_is_like_no_other() -> None:
    """Nothing is called the same where one side is missing."""
    found = facts({"a": ANSWER, "b": None})
    assert different(found) == [fact.name for fact in found]


def test_a_candidate_that_only_one_stack_trained_is_a_difference() -> None:
    """The facts of every stack are listed, not those of the first."""
    other = deepcopy(ANSWER)
    other["evaluations"]["candidates"][0]["candidate"] = "forest"
    assert "forest: ONNX" in different(facts({"a": ANSWER, "b": other}))


def test_a_stack_that_serves_nothing_is_asked_for_no_answer() -> None:
    """All else is compared with it, and what was not done on it is told."""
    mute = {**deepcopy(ANSWER), "prediction": None}
    found = facts({"a": ANSWER, "b": ANSWER, "c": mute}, ["c"])
    assert different(found) == []
    assert list(found[-1].values) == ["a", "b"]
    assert different(facts({"a": ANSWER, "c": mute})) == ["served answer"]
    outcomes = [Outcome("a", 0, ANSWER, "", 1.0), Outcome("c", 0, mute, "", 1.0, serves=False)]
    assert "No model was served on c." in verdict(outcomes, found)


@pytest.mark.parametrize("text", ["local", "local,", "local,local", ""])
def test_one_stack_is_none_to_compare_with(text: str) -> None:
    """Two different ones at least."""
    with pytest.raises(ConfigError, match="--stacks"):
        chosen(text)


def test_each_question_has_a_registered_model_of_its_own() -> None:
    """So that one comparison's champion never meets another's challenger."""
    assert scratch_name("m", "{a}") != scratch_name("m", "{b}")
    assert scratch_name("m", "{a}").startswith("m-compare-")
