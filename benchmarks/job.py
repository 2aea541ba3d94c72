"""The main job against the same work as a naive ZenML pipeline and as a plain script."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.process import Cost, Place, measure, place
from benchmarks.spread import Spread, ratios

CONFIG = "benchmarks/job.yaml"
OURS = ("run.py", "--stack", "local", "--config", CONFIG, "--json")
NAIVE = ("-m", "benchmarks.peers.naive_zenml", CONFIG)
PLAIN = ("-m", "benchmarks.peers.plain", CONFIG)
# They ask what the world is like, and so run in every run; the others are cached.
ALWAYS = {"resolve_champion", "check_export", "deploy", "smoke"}
ALL_CACHED = "All steps of the pipeline run were cached"

COLD, TRAINING = "ours, from nothing", "ours, `--force --no-deploy`: training from ZenML's cache"
FORCED = "ours, `--force`: training and deployment from ZenML's cache"
UNCHANGED = "ours, unchanged: answered from the run record"
NAIVE_COLD, NAIVE_CACHED = "naive ZenML, from nothing", "naive ZenML, cached"
PLAIN_COLD = "plain script"
# Each arm, with the one that it is a ratio of.
ARMS = {
    PLAIN_COLD: NAIVE_COLD,
    NAIVE_COLD: NAIVE_COLD,
    COLD: NAIVE_COLD,
    NAIVE_CACHED: NAIVE_CACHED,
    FORCED: NAIVE_CACHED,
    TRAINING: NAIVE_CACHED,
    UNCHANGED: NAIVE_CACHED,
}

Job = Callable[[], Cost]


def run(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Measure every arm once a round, each round in new stores and in the opposite order."""
    costs: dict[str, list[Cost]] = {name: [] for name in ARMS}
    for number in range(repeats):
        with (
            place(folder / f"job{number}" / "ours") as ours,
            place(folder / f"job{number}" / "naive") as naive,
            place(folder / f"job{number}" / "plain") as plain,
        ):
            cold, cached = from_nothing(ours, naive, plain), again(ours, naive)
            for stage in (cold, cached):
                for name in list(stage)[:: -1 if number % 2 else 1]:
                    costs[name].append(stage[name]())
                if stage is cold:
                    same_model([costs[name][-1] for name in cold])
                    settle(ours)
    return [row(name, costs) for name in ARMS]


def from_nothing(ours: Place, naive: Place, plain: Place) -> dict[str, Job]:
    """The arms in places where nothing was before."""
    return {
        COLD: lambda: measure(ours, *OURS),
        NAIVE_COLD: lambda: measure(naive, *NAIVE),
        PLAIN_COLD: lambda: measure(plain, *PLAIN),
    }


def again(ours: Place, naive: Place) -> dict[str, Job]:
    """The arms in places where the same was done before."""
    return {
        FORCED: lambda: all_cached(measure(ours, *OURS, "--force")),
        NAIVE_CACHED: lambda: naive_cached(measure(naive, *NAIVE)),
        TRAINING: lambda: all_cached(measure(ours, *OURS, "--force", "--no-deploy")),
        UNCHANGED: lambda: unchanged(ours),
    }


def settle(ours: Place) -> None:
    """Run once more, untimed: the first champion changes what a training is compared with."""
    measure(ours, *OURS, "--force")


def same_model(costs: list[Cost]) -> None:
    """Refuse arms that did not come to the same model, bit for bit."""
    ours, naive, plain = (cost.output for cost in costs)
    wanted = json.loads(ours)["decision"]["challenger_digest"]
    if wanted not in naive or wanted not in plain:
        raise RuntimeError(f"The arms disagree: ours {wanted}, plain {plain}")


def all_cached(cost: Cost) -> Cost:
    """Refuse a run of ours in which a step was computed that the cache holds."""
    steps = json.loads(cost.output)["steps"].values()
    ran = {name for run in steps for name, state in run.items() if state != "cached"}
    if not ran <= ALWAYS:
        raise RuntimeError(f"Not cached: {', '.join(sorted(ran - ALWAYS))}")
    return cost


def naive_cached(cost: Cost) -> Cost:
    """Refuse a run of the naive pipeline in which a step was computed."""
    if ALL_CACHED not in cost.output:
        raise RuntimeError(f"Not all steps were cached:\n{cost.output[-2000:]}")
    return cost


def unchanged(ours: Place) -> Cost:
    """Ask once more, beside a record that a run without a change has left."""
    recorded = json.loads(measure(ours, *OURS).output)
    cost = measure(ours, *OURS)
    if not json.loads(cost.output)["unchanged"]:
        raise RuntimeError(f"Not answered from the record, after {recorded['steps']}")
    return cost


def row(name: str, costs: dict[str, list[Cost]]) -> dict[str, Any]:
    """One line of the table."""
    cpu, other = ([cost.cpu for cost in costs[each]] for each in (name, ARMS[name]))
    return {
        "arm": name,
        "cpu": Spread.of(cpu),
        "wall": Spread.of([cost.wall for cost in costs[name]]),
        "of": ARMS[name],
        "ratio": ratios(cpu, other),
    }
