"""A pipeline of four steps, two of which wait for the same one."""

from zenml import pipeline, step
from zenml.config import ResourceSettings


@step
def load() -> int:
    """A number."""
    return 1


@step(settings={"resources": ResourceSettings(cpu_count=2, memory="3GiB")})
def train(number: int) -> int:
    """Another one."""
    return number


@step(environment={"THREADS": "1"})
def judge(first: int, second: int) -> None:
    """The end."""


@pipeline
def toy() -> None:
    """Two trainings between two other steps."""
    number = load()
    judge(train(number, id="train_a"), train(number, id="train_b"))
