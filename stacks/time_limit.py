"""The end of a step that hangs, in the process that runs it.

At the limit an error is raised where the step is. Python does that between two of its own
instructions: a call into native code that never returns, and code that swallows every error, go
on. Some seconds later the process itself is ended then, by a thread of Python or, where native
code holds the interpreter too, by one of the interpreter's own that needs no lock.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from serving.errors import StepTimeoutError

# Seconds in which an interrupted step may tidy up, and then in which the thread may end it.
GRACE, LAST = 10.0, 5.0
STATUS = 1


@contextmanager
def time_limit(step: str, seconds: float | None) -> Iterator[None]:
    """Interrupt the body after so long, and end the process where that does not end it.

    Raises:
        StepTimeoutError: It did not end in time.
    """
    if not seconds:
        yield
        return
    ended = threading.Event()
    threading.Thread(target=_end, args=(step, seconds, ended), daemon=True).start()
    if sys.__stderr__ is not None:
        faulthandler.dump_traceback_later(seconds + GRACE + LAST, exit=True, file=sys.__stderr__)
    try:
        with _interrupted(step, seconds):
            yield
    finally:
        ended.set()
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def _interrupted(step: str, seconds: float) -> Iterator[None]:
    """Raise in the body, where this is the thread that signals reach."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: Any) -> None:
        raise StepTimeoutError(told(step, seconds))

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _end(step: str, seconds: float, ended: threading.Event) -> None:
    if not ended.wait(seconds + GRACE):
        print(
            f"error: {told(step, seconds)} It could not be interrupted, so its process was ended. "
            "What finished is kept: `python run.py resume` goes on from it.",
            file=sys.stderr,
            flush=True,
        )
        os._exit(STATUS)


def told(step: str, seconds: float) -> str:
    """What was too slow, and which limit it met."""
    return (
        f"The step '{step}' did not end within {seconds:g} s, which the run config's `timeout` "
        "gives it."
    )
