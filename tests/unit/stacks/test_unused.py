"""Which packages of the lock no step's image needs."""

import pytest

from stacks.requirements import locks
from stacks.unused import NEVER_IMPORTED, unused

LOCK = """\
cycler==1.3
    # via faker
faker==3.11
    # via{more}
    #   polyfactory
polyfactory==3.17
    # via -r requirements.in
numpy==2.4
    # via
    #   cycler
    #   polyfactory
"""


def test_a_package_goes_with_what_only_it_needs() -> None:
    """And nothing else does."""
    assert unused([LOCK.format(more="")]) == ["cycler", "faker"]


@pytest.mark.parametrize("reason", ["-r requirements.in", "pandas"])
def test_a_package_that_something_else_asks_for_stays(reason: str) -> None:
    """Above all where the project's own requirements name it."""
    assert unused([LOCK.format(more=f"\n    #   {reason}")]) == []


def test_the_lock_of_an_extra_that_repeats_the_core_is_no_reason() -> None:
    """It asks for every package of the core."""
    repeated = LOCK.format(more="\n    #   -r requirements.txt")
    assert unused([LOCK.format(more=""), repeated]) == ["cycler", "faker"]


def test_every_package_that_is_named_is_in_the_lock_for_those_reasons() -> None:
    """A name that the lock does not have any more, or has for more reasons, is an error here."""
    assert NEVER_IMPORTED.keys() <= set(unused(locks()))


def test_what_the_steps_at_hand_do_without_goes_with_what_only_it_needs() -> None:
    """Although the project's own requirements name it."""
    assert unused([LOCK.format(more="")], ["polyfactory"]) == [
        "cycler",
        "faker",
        "numpy",
        "polyfactory",
    ]
