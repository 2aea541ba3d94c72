"""A step that hangs is ended, however it hangs."""

import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from serving.errors import StepTimeoutError
from stacks.time_limit import time_limit

ROOT = Path(__file__).resolve().parents[3]
# Deaf to the error that interrupts it.
SWALLOWING = """
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            pass
"""
# Native code that holds the interpreter all the while.
NATIVE = "ctypes.PyDLL(None).sleep(100)"


def hung(body: str) -> subprocess.CompletedProcess[str]:
    """A process of its own that hangs in this body, with little patience."""
    code = f"""
import ctypes, time
from stacks import time_limit
time_limit.GRACE = time_limit.LAST = 0.2
with time_limit.time_limit("train_forest", 0.1):
{textwrap.indent(textwrap.dedent(body), "    ")}
"""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_a_step_that_waits_is_interrupted_with_its_name_and_limit() -> None:
    """What the terminal had before is there again after that."""
    before = signal.getsignal(signal.SIGALRM)
    with (
        pytest.raises(StepTimeoutError, match=r"'load_table' did not end within 0.05 s"),
        time_limit("load_table", 0.05),
    ):
        threading.Event().wait(60)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_step_that_ends_in_time_is_left_alone() -> None:
    """So is one without a limit, and no timer is left."""
    for seconds in (60.0, None):
        with time_limit("load_table", seconds):
            pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_step_that_swallows_every_error_ends_with_its_process() -> None:
    """The message still names the step and the limit, and says how to go on."""
    done = hung(SWALLOWING)
    assert done.returncode == 1
    assert done.stderr.startswith("error: The step 'train_forest' did not end within 0.1 s")
    assert "run.py resume" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_step_that_hangs_in_native_code_ends_with_its_process() -> None:
    """Where no thread of Python can say anything any more, the interpreter ends it."""
    done = hung(NATIVE)
    assert done.returncode == 1
    assert "Timeout" in done.stderr
