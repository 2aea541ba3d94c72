"""Pipelines whose pods succeed side by side, raise, die, wait, and are started again."""

import time
from typing import Annotated

from zenml import get_step_context, pipeline, step
from zenml.client import Client
from zenml.config import ResourceSettings
from zenml.config.retry_config import StepRetryConfig
from zenml.io import fileio

from serving.errors import ConfigError
from tests.integration.airflow.pipelines import follows, join, left, right, tick, waits

# The longest wait for what a test is to do meanwhile.
SECONDS = 120.0


@step(enable_cache=False, settings={"resources": ResourceSettings(memory="300MiB")})
def hungry() -> Annotated[int, "number"]:
    """Ask for more memory than the pod may have."""
    return len(bytearray(10**9))


@step(enable_cache=False)
def first() -> Annotated[int, "number"]:
    """Succeed, in the pod of what follows."""
    return 1


@step(enable_cache=False, retry=StepRetryConfig(max_retries=1))
def once() -> Annotated[int, "number"]:
    """Raise the first time."""
    if not fileio.exists(place := mark("raised")):
        with fileio.open(place, "w") as file:
            file.write("once")
        raise ValueError("not this time")
    return 1


@step(enable_cache=False, retry=StepRetryConfig(max_retries=1))
def mistaken() -> Annotated[int, "number"]:
    """Raise what another try would raise too."""
    raise ConfigError("the column 'price' is missing")


@step(enable_cache=False)
def lingers(number: int) -> None:
    """Stay at work until a test has done what it does meanwhile."""
    assert number
    end = time.monotonic() + SECONDS
    while not fileio.exists(mark("go")):
        assert time.monotonic() < end, "nobody said go"
        time.sleep(0.5)


def mark(word: str, run: str = "") -> str:
    """A place in the store that a test and the steps of a run know."""
    run = run or str(get_step_context().pipeline_run.id)
    return f"{Client().active_stack.artifact_store.path}/marks/{run}-{word}"


@pipeline
def branches() -> None:
    """Two branches and their join."""
    join(left(), right())


@pipeline
def failing() -> None:
    """A step that raises, and one that needs it."""
    follows(mistaken())


@pipeline
def starving() -> None:
    """A pod that is killed for its hunger, and a step that needs it."""
    follows(hungry())


@pipeline
def lingering() -> None:
    """A step that raises once, in the pod of one that another waits for."""
    lingers(once())


@pipeline
def waiting() -> None:
    """A run that does not end."""
    waits()


@pipeline
def every_night() -> None:
    """What a schedule starts; no other tests on the server have runs of that name."""
    tick()
