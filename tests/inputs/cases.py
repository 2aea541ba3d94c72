"""How many cases a property is asked of, and what ends one that hangs."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

# No case takes a second; what is still at work then is held by something.
SECONDS = 120


def cases(sample: int, all_of_them: int) -> Any:
    """The same few cases for each change, and many more, others each time, at night."""
    return pytest.mark.parametrize(
        "count",
        [
            pytest.param(sample, id="sample"),
            pytest.param(all_of_them, id="many", marks=pytest.mark.nightly),
        ],
    )


def ask(count: int, sample: int, check: Callable[..., None], **strategies: Any) -> None:
    """Hold a property for so many cases.

    Args:
        sample: Up to so many are the same each time.
    """

    def watched(**drawn: Any) -> None:
        with ended():
            check(**drawn)

    settings(
        max_examples=count,
        deadline=None,
        derandomize=count <= sample,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(given(**strategies)(watched))()


@contextmanager
def ended(seconds: int = SECONDS) -> Iterator[None]:
    """A watchdog: raise where a case still is after so long."""

    def bark(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise AssertionError("The case hangs.")

    before = signal.signal(signal.SIGALRM, bark)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
