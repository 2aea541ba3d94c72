"""A history says which version serves, which was withdrawn and what a rollback returns to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import UserError
from steps.registry.history import (
    Cause,
    Move,
    Standing,
    choose_target,
    next_move,
    read_moves,
    standing,
    trim,
)


def told(*steps: tuple[Cause, str]) -> list[Move]:
    """Moves of the champion in that order, each from where the one before ended."""
    moves: list[Move] = []
    for by, to in steps:
        origin = moves[-1].to if moves else ""
        moves.append(next_move(moves, "champion", to, origin=origin, by=by, reason="said"))
    return moves


def test_a_move_is_read_back_as_it_was_written() -> None:
    move = next_move([], "champion", "2", origin="1", by="training", reason="Größer", run="r")
    assert read_moves({move.key: move.to_json(), "owner": "me"}) == [move]


def test_moves_are_read_in_the_order_of_their_numbers_past_nine() -> None:
    moves = told(*(("training", str(number)) for number in range(1, 13)))
    tags = {move.key: move.to_json() for move in reversed(moves)}
    assert [move.to for move in read_moves(tags)] == [str(number) for number in range(1, 13)]


def test_two_writers_of_the_same_number_do_not_overwrite_each_other() -> None:
    keys = {next_move([], "champion", "1", origin="", by="training", reason="").key for _ in "ab"}
    assert len(keys) == 2


def test_only_the_alias_asked_for_is_read() -> None:
    champion = next_move([], "champion", "1", origin="", by="training", reason="")
    challenger = next_move([champion], "challenger", "2", origin="", by="training", reason="")
    tags = {move.key: move.to_json() for move in (champion, challenger)}
    assert read_moves(tags) == [champion]
    assert read_moves(tags, None) == [champion, challenger]


def test_a_rollback_withdraws_the_version_it_leaves() -> None:
    found = standing(told(("training", "1"), ("training", "2"), ("rollback", "1")))
    assert found == Standing(line=("1",), withdrawn=("2",))


def test_a_version_that_its_canary_refused_is_withdrawn_too() -> None:
    found = standing(told(("training", "1"), ("training", "2"), ("canary", "1")))
    assert found == Standing(line=("1",), withdrawn=("2",))


def test_a_second_rollback_passes_over_the_version_rolled_back_from() -> None:
    found = standing(
        told(
            ("training", "1"),
            ("training", "2"),
            ("rollback", "1"),
            ("training", "3"),
        )
    )
    assert choose_target(found, ["1", "2", "3"], None, "m") == "1"


def test_a_rollback_over_several_versions_withdraws_them_all() -> None:
    found = standing(
        told(("training", "1"), ("training", "2"), ("training", "3"), ("rollback", "1"))
    )
    assert (found.now, found.withdrawn) == ("1", ("2", "3"))


def test_a_version_that_is_promoted_again_is_withdrawn_no_more() -> None:
    found = standing(
        told(("training", "1"), ("training", "2"), ("rollback", "1"), ("rollback", "2"))
    )
    assert (found.now, found.withdrawn) == ("2", ("1",))


def test_a_void_move_moved_nothing() -> None:
    moves = told(("training", "1"), ("training", "2"))
    assert standing([moves[0], moves[1].with_state("void")]).now == "1"


def test_a_rollback_passes_over_versions_that_were_deleted() -> None:
    found = standing(told(("training", "1"), ("training", "2"), ("training", "3")))
    assert choose_target(found, ["1", "3"], None, "m") == "1"


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (None, "none before it to go back to. Name one with --to"),
        ("7", "no version '7'. Known: 1, 2"),
        ("1", "Version 1 of 'm' is the champion already"),
    ],
)
def test_a_rollback_that_cannot_be_says_why(to: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_target(standing(told(("training", "1"))), ["1", "2"], to, "m")


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["training", "rollback", "outside"]), st.sampled_from("1234")),
        max_size=20,
    )
)
def test_what_serves_is_always_where_the_last_move_went(steps: list[tuple[Cause, str]]) -> None:
    found = standing(told(*steps))
    assert found.now == (steps[-1][1] if steps else "")
    assert found.now not in found.withdrawn


def test_a_long_reason_is_cut_to_what_a_tag_holds() -> None:
    move = next_move([], "champion", "1", origin="", by="training", reason="ü" * 9000)
    assert len(move.to_json()) < 5000
    assert trim("short") == "short"
