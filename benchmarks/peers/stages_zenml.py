"""The stages as a first ZenML pipeline: plain steps, default materializers, default stack."""

import sys
from typing import Annotated

import pandas as pd
from sklearn.pipeline import Pipeline
from zenml import pipeline, step

from benchmarks.peers import stages


@step
def load(table: str) -> pd.DataFrame:
    """Read the table."""
    rows: pd.DataFrame = stages.load(table)
    return rows


@step
def split(
    rows: pd.DataFrame,
) -> tuple[Annotated[pd.DataFrame, "train"], Annotated[pd.DataFrame, "test"]]:
    """Training rows and held-out rows."""
    train, test = stages.split(rows)
    return train, test


@step
def fit(train: pd.DataFrame) -> Pipeline:
    """Fit a model."""
    return stages.fit(train)


@step
def evaluate(model: Pipeline, test: pd.DataFrame) -> float:
    """Measure it."""
    return stages.evaluate(model, test)


@step
def save(model: Pipeline, score: float, folder: str) -> str:
    """Write both."""
    saved = stages.save(model, score, folder)
    print(saved)
    return saved


@step
def add(number: int) -> int:
    """Do nothing worth mentioning."""
    return stages.add(number)


@pipeline
def five(table: str, folder: str) -> None:
    """The five stages."""
    train, test = split(load(table))
    model = fit(train)
    save(model, evaluate(model, test), folder)


@pipeline
def chain(count: int) -> None:
    """So many stages that do nothing, with values of their own: the cache knows none of them."""
    value = 100 * count
    for _ in range(count):
        value = add(value)


if __name__ == "__main__":
    if sys.argv[1] == "five":
        five(*sys.argv[2:])
    else:
        chain(int(sys.argv[2]))
