"""Pipelines whose pods succeed, fail, die, and take too long."""

import os
import time
from pathlib import Path
from typing import Annotated

from zenml import pipeline, step
from zenml.config import DockerSettings, ResourceSettings
from zenml.config.retry_config import StepRetryConfig

# No image is built, and no code is sent: the stand-in looks at no image, and has the code.
IMAGE = DockerSettings(
    parent_image="127.0.0.1:5000/none",
    skip_build=True,
    allow_download_from_artifact_store=False,
)
SETTINGS = {"docker": IMAGE}


@step(enable_cache=False)
def left() -> Annotated[int, "left"]:
    """One half."""
    return 20


@step(enable_cache=False, settings={"resources": ResourceSettings(memory="1GiB", cpu_count=1)})
def right() -> Annotated[int, "right"]:
    """The other half."""
    return 22


@step(enable_cache=False)
def join(one: int, other: int) -> Annotated[int, "sum"]:
    """Both."""
    return one + other


@step(enable_cache=False)
def fails() -> None:
    """Raise as any step may."""
    raise ValueError("the table is empty")


@step(enable_cache=False)
def dies() -> None:
    """End as a pod ends that ran out of memory."""
    os._exit(137)


@step(enable_cache=False)
def first() -> Annotated[int, "number"]:
    """Succeed, in the pod of what follows."""
    return 1


@step(enable_cache=False, retry=StepRetryConfig(max_retries=1))
def dies_once(number: int) -> None:
    """Die the first time; a pod's home outlives it here."""
    assert number == 1
    mark = Path.home() / "died"
    if not mark.exists():
        mark.touch()
        os._exit(137)


@step(enable_cache=False)
def waits() -> None:
    """Take longer than anybody would wait."""
    time.sleep(600)


@pipeline(settings=SETTINGS)
def sums() -> None:
    """Two branches and their join."""
    join(left(), right())


@pipeline(settings=SETTINGS)
def failing() -> None:
    """A step that raises."""
    fails()


@pipeline(settings=SETTINGS)
def dying() -> None:
    """A pod that dies."""
    dies()


@pipeline(settings=SETTINGS)
def dying_once() -> None:
    """A pod that dies at its second step and is started again."""
    dies_once(first())


@pipeline(settings=SETTINGS)
def waiting() -> None:
    """A run that does not end."""
    waits()


@pipeline(settings=SETTINGS)
def nightly() -> None:
    """What a schedule starts."""
    left()


@pipeline(settings=SETTINGS)
def late() -> None:
    """A pod that is to begin when nobody waits any more."""
    left()
