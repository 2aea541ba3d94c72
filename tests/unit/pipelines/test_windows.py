"""Which models a run trains where it asks for windows of the data."""

from typing import Any

import pytest

from pipelines.settings import RunConfig, build_config
from serving.errors import ConfigError

TWO = [{"name": "linear", "kind": "linear"}, {"name": "trees", "kind": "boosting"}]
TIMED = {"split.by": "time", "split.column": "day"}


def config(**overrides: Any) -> RunConfig:
    content = {"model": "m", "data": {"data": "flights"}, "candidates": TWO}
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    return build_config(content, dotted)


def test_no_window_is_trained_without_being_asked_for() -> None:
    """And the folds are drawn as they were."""
    plain = config(**TIMED)
    assert plain.members == plain.candidates
    assert plain.ordered_tuning.order is False


def test_each_candidate_is_trained_on_each_shorter_window() -> None:
    """All rows are a window that need not be named."""
    found = config(**TIMED, ensemble__windows=[1.0, 0.5, 0.25])
    names = [(member.name, member.window) for member in found.members]
    assert names[:3] == [("linear", 1.0), ("linear_last50", 0.5), ("linear_last25", 0.25)]
    assert len(names) == 6
    assert found.ordered_tuning.order == "day"


def test_only_the_candidates_that_are_named_have_windows() -> None:
    """With an order that is declared, whatever the rows are split by."""
    found = config(ensemble__windows=[0.5], ensemble__windowed=["trees"], tuning__order=True)
    assert [member.name for member in found.members] == ["linear", "trees", "trees_last50"]
    assert found.ordered_tuning.order is True


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"ensemble__windows": [0.5]}, "need rows in the order of time: split.by: time, or tuning"),
        ({**TIMED, "ensemble__windows": [0.5, 0.501]}, "told apart by whole per cent"),
        ({**TIMED, "ensemble__windows": [1.5]}, "less than or equal to 1"),
        ({**TIMED, "ensemble__windows": [0.5], "ensemble__windowed": ["tree"]}, "'trees'"),
        ({"tuning__order": "day", "tuning__group": "shop"}, "cannot be had together"),
    ],
)
def test_a_window_that_cannot_be_is_refused(overrides: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(**overrides)
