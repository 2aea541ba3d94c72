"""Pipelines whose containers succeed side by side, fail, die, and take too long."""

import os
import time
from pathlib import Path
from typing import Annotated

from zenml import get_step_context, pipeline, step
from zenml.client import Client
from zenml.config import ResourceSettings

SIZE = 300 * 1024**2
# The longest wait for a step that is to be at work at the same time.
SECONDS = 90.0


@step(enable_cache=False)
def left() -> Annotated[str, "process"]:
    """What Linux says of this half: who it is, and what it may."""
    meet("right")
    return Path("/proc/self/status").read_text()


@step(enable_cache=False, settings={"resources": ResourceSettings(memory="300MiB")})
def right() -> Annotated[int, "memory"]:
    """How much memory the other half has."""
    meet("left")
    group = Path("/sys/fs/cgroup")
    newer, older = group / "memory.max", group / "memory/memory.limit_in_bytes"
    return int((newer if newer.exists() else older).read_text())


@step(enable_cache=False)
def join(one: str, other: int) -> Annotated[int, "sum"]:
    """Both."""
    return len(one) + other


@step(enable_cache=False)
def fails() -> Annotated[int, "number"]:
    """Raise as any step may."""
    raise ValueError("the table is empty")


@step(enable_cache=False)
def follows(number: int) -> None:
    """What must not run after a failure."""
    assert number


@step(enable_cache=False)
def dies() -> Annotated[int, "number"]:
    """End as a container ends that ran out of memory."""
    os._exit(137)


@step(enable_cache=False)
def tick() -> None:
    """What a schedule starts."""


@step(enable_cache=False)
def asks(kept: str) -> None:
    """Start what waits behind another schedule, as a verdict does."""
    # Other images of the tests have less than this asks for.
    from steps.monitoring.acting import starter

    starter().start_kept(kept)


@step(enable_cache=False)
def waits() -> None:
    """Take longer than anybody would wait."""
    time.sleep(600)


def meet(other: str) -> None:
    """Wait until another step of this run has begun: neither of two ends before that."""
    run, end = get_step_context().pipeline_run.id, time.monotonic() + SECONDS
    while not Client().list_run_steps(pipeline_run_id=run, name=other).items:
        assert time.monotonic() < end, f"{other} has not begun in {SECONDS:g} s"
        time.sleep(0.5)


@pipeline
def sums() -> None:
    """Two branches and their join."""
    join(left(), right())


@pipeline
def failing() -> None:
    """A step that raises, and one that needs it."""
    follows(fails())


@pipeline
def dying() -> None:
    """A container that dies, and a step that needs it."""
    follows(dies())


@pipeline
def waiting() -> None:
    """A run that does not end."""
    waits()


@pipeline
def nightly() -> None:
    """What a schedule starts."""
    tick()


@pipeline
def looks(kept: str) -> None:
    """What a schedule starts, and what starts another."""
    asks(kept)
