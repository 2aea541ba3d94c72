"""The stages as Dagster assets, materialised in this process, its records kept."""

import sys
from typing import Any

import stages  # type: ignore[import-not-found]
from dagster import (  # type: ignore[import-not-found]
    AssetIn,
    AssetOut,
    DagsterInstance,
    asset,
    materialize,
    multi_asset,
)

WORDS = sys.argv[2:]


@asset
def rows() -> Any:
    """The table."""
    return stages.load(WORDS[0])


@multi_asset(outs={"train": AssetOut(), "test": AssetOut()})
def split(rows: Any) -> tuple[Any, Any]:
    """Training rows and held-out rows."""
    train, test = stages.split(rows)
    return train, test


@asset
def model(train: Any) -> Any:
    """A fitted model."""
    return stages.fit(train)


@asset
def score(model: Any, test: Any) -> Any:
    """How well it ranks."""
    return stages.evaluate(model, test)


@asset
def saved(model: Any, score: Any) -> Any:
    """Both, as files."""
    return stages.save(model, score, WORDS[1])


def add(number: int) -> Any:
    """One of many assets that stand on the one before."""

    @asset(name=f"step{number}", ins={"value": AssetIn(f"step{number - 1}")})
    def step(value: Any) -> Any:
        return stages.add(value)

    return step


@asset
def step0() -> Any:
    """The first of them."""
    return stages.add(0)


if __name__ == "__main__":
    if sys.argv[1] == "five":
        assets, last = [rows, split, model, score, saved], "saved"
    else:
        count = int(WORDS[0])
        assets, last = [step0, *(add(number) for number in range(1, count))], f"step{count - 1}"
    result = materialize(assets, instance=DagsterInstance.get())
    print(result.asset_value(last))
