"""A training that another one overtakes."""

import io
from typing import Any

import pytest
from rich.console import Console

from commands.train import TRIES, settle
from serving.errors import ChampionMovedError


def overtaken(times: int) -> Any:
    """A training that finds the champion moved so many times before it ends."""
    left = iter([ChampionMovedError("Another run was faster.")] * times)

    def train() -> Any:
        if error := next(left, None):
            raise error
        return "trained"

    return train


def test_a_run_that_was_overtaken_compares_with_the_new_champion() -> None:
    told = io.StringIO()
    train = overtaken(TRIES - 1)
    answer: Any = settle(train, train, Console(file=told))
    assert answer == "trained"
    assert told.getvalue().count("Another run was faster. Comparing with that one.") == TRIES - 1


def test_a_champion_that_never_rests_is_an_error() -> None:
    train = overtaken(TRIES)
    with pytest.raises(ChampionMovedError):
        settle(train, train, Console(file=io.StringIO()))
