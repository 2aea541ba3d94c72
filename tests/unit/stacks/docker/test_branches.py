"""Which containers run beside each other, and what a failure does to the others."""

import threading
from collections.abc import Callable

import pytest

from stacks.flavors.dealing.groups import Group
from stacks.flavors.docker.branches import side_by_side

# Longer than any of these takes; a wait that is in vain fails its test.
SECONDS = 20.0
GROUPS = [
    Group("load", ("load", "split"), ()),
    Group("train_a", ("train_a",), ("load",)),
    Group("train_b", ("train_b",), ("load",)),
    Group("end", ("compare", "promote"), ("train_a", "train_b")),
]


def carried(
    work: Callable[[Group], bool],
    *,
    at_once: int = 2,
    halt: Callable[[], None] = lambda: None,
    after_failure: bool = False,
) -> list[str]:
    """Carry the groups out and tell which of them failed."""
    return side_by_side(GROUPS, work, at_once, halt=halt, after_failure=after_failure)


def test_what_waits_for_nothing_else_runs_at_the_same_time() -> None:
    """Each of the two trainings ends only when both have begun."""
    both, begun = threading.Barrier(2, timeout=SECONDS), list[str]()

    def work(group: Group) -> bool:
        begun.append(group.name)
        if group.name.startswith("train"):
            both.wait()
        return True

    assert carried(work) == []
    assert (begun[0], set(begun[1:3]), begun[3:]) == ("load", {"train_a", "train_b"}, ["end"])


def test_no_more_run_at_once_than_are_allowed() -> None:
    running, most = list[str](), list[int]()

    def work(group: Group) -> bool:
        running.append(group.name)
        most.append(len(running))
        running.remove(group.name)
        return True

    assert carried(work, at_once=1) == []
    assert max(most) == 1


def test_a_failure_ends_what_runs_and_lets_nothing_begin() -> None:
    """What was ended for it has not failed by itself."""
    ended, beside, begun = threading.Event(), threading.Event(), list[str]()

    def work(group: Group) -> bool:
        begun.append(group.name)
        if group.name == "train_a":
            return not beside.wait(SECONDS)
        if group.name == "train_b":
            beside.set()
            return not ended.wait(SECONDS)
        return True

    assert carried(work, halt=ended.set) == ["train_a"]
    assert "end" not in begun


def test_what_needs_no_failed_group_goes_on_where_that_is_asked() -> None:
    begun = list[str]()

    def work(group: Group) -> bool:
        begun.append(group.name)
        return group.name != "train_a"

    assert carried(work, at_once=1, after_failure=True) == ["train_a"]
    assert begun == ["load", "train_a", "train_b"]


def test_an_error_of_the_work_itself_ends_what_runs_and_is_told() -> None:
    """Such as the user's interruption, or settings that contradict each other."""
    ended = threading.Event()

    def work(group: Group) -> bool:
        if group.name == "train_a":
            raise ValueError("no such setting")
        return group.name == "load" or not ended.wait(SECONDS)

    with pytest.raises(ValueError, match="no such setting"):
        carried(work, halt=ended.set)


def test_what_was_held_back_does_not_begin_after_a_failure() -> None:
    """One at a time, the first of two trainings fails: the second was never begun."""
    begun = list[str]()

    def work(group: Group) -> bool:
        begun.append(group.name)
        return group.name == "load"

    assert carried(work, at_once=1) == ["train_a"]
    assert begun == ["load", "train_a"]
