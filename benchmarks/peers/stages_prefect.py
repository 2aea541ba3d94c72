"""The stages as a Prefect flow: a task a stage, each cached by its inputs and its code."""

import sys

import stages  # type: ignore[import-not-found]
from prefect import flow, task  # type: ignore[import-not-found]
from prefect.cache_policies import INPUTS, TASK_SOURCE  # type: ignore[import-not-found]

KEPT = {"persist_result": True, "cache_policy": INPUTS + TASK_SOURCE}
load = task(stages.load, **KEPT)
split = task(stages.split, **KEPT)
fit = task(stages.fit, **KEPT)
evaluate = task(stages.evaluate, **KEPT)
save = task(stages.save, **KEPT)
add = task(stages.add)


@flow
def five(table: str, folder: str) -> str:
    """The five stages."""
    train, test = split(load(table))
    model = fit(train)
    saved: str = save(model, evaluate(model, test), folder)
    return saved


@flow
def chain(count: int) -> int:
    """So many stages that do nothing."""
    value = 0
    for _ in range(count):
        value = add(value)
    return value


if __name__ == "__main__":
    print(five(*sys.argv[2:]) if sys.argv[1] == "five" else chain(int(sys.argv[2])))
