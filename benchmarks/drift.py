"""Drift: false alarms, power, and what a verdict costs, beside the defaults of Evidently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.process import Cost, Place, measure, place
from benchmarks.spread import Spread, ratios
from benchmarks.windows import PLANTS, SCHEMA, draw, scores, write_log

SIZES = (500, 2_000, 10_000)
VERDICT, PAGE = "ours, from the log", "ours, from the log, with the verdict's page"
REPORT = "ours, from the log, with Evidently's page on 5,000 rows"
ROWS = "ours, the same rows from Parquet"
PEER = "Evidently's DataDriftPreset, rows from Parquet"
EVIDENTLY = "benchmarks.peers.evidently_drift"


def run(
    folder: Path, repeats: int, *, windows: int, peer_windows: int, logged: int
) -> list[dict[str, Any]]:
    """Both tables.

    Args:
        windows: Of each size, without and with plants, that we judge.
        peer_windows: The first of them, which Evidently judges too: it takes seconds for each.
        logged: Rows in the log of the speed's window.
    """
    with place(folder / "drift") as here:
        many = {"ours": windows, "evidently": peer_windows}
        found = {arm: [detected(here, arm, size, many[arm]) for size in SIZES] for arm in many}
        alarms = [alarm(what, found, many) for what in ("nothing", *PLANTS)]
        prepare(here.home, logged)
        costs: dict[str, list[Cost]] = {name: [] for name in (ROWS, VERDICT, PAGE, REPORT, PEER)}
        for _ in range(repeats):
            for name, words in arms(here.home).items():
                costs[name].append(measure(here, *words))
    return [*alarms, *(speed(name, costs, logged) for name in costs)]


def detected(here: Place, arm: str, size: int, windows: int) -> dict[str, int]:
    """What a detector found in windows of one size."""
    words = ("-m", "benchmarks.detection", arm, str(size), str(windows))
    counts: dict[str, int] = json.loads(measure(here, *words).output)
    return counts


def alarm(
    what: str, found: dict[str, list[dict[str, int]]], many: dict[str, int]
) -> dict[str, Any]:
    """One line: in how many windows of each size a plant was found."""
    counts = {arm: [each[what] for each in sizes] for arm, sizes in found.items()}
    return {"table": "alarms", "arm": what, "sizes": SIZES, "windows": many, **counts}


def prepare(folder: Path, logged: int) -> None:
    """The same rows as a log and as Parquet, and what a training would have left behind."""
    from steps.data.stored import save_table
    from steps.monitoring.drift import decoded
    from steps.monitoring.profile import learn

    trained = draw(logged, 0)
    (folder / "profile.json").write_bytes(learn(trained, scores(logged, 0), SCHEMA).to_json())
    with (folder / "reference.parquet").open("wb") as stream:
        save_table(decoded(trained, SCHEMA), stream)
    rows = draw(logged, 1, shifted=True)
    decoded(rows, SCHEMA).to_parquet(folder / "current.parquet")
    window = write_log(folder / "log", rows, scores(logged, 1))
    (folder / "window.json").write_text(json.dumps([moment.isoformat() for moment in window]))


def arms(folder: Path) -> dict[str, tuple[str, ...]]:
    """The command line of each."""
    ours = ("-m", "benchmarks.verdict", str(folder))
    tables = (str(folder / f"{name}.parquet") for name in ("reference", "current"))
    return {
        ROWS: (*ours, "rows"),
        VERDICT: (*ours, "verdict"),
        PAGE: (*ours, "page"),
        REPORT: (*ours, "report"),
        PEER: ("-m", EVIDENTLY, *tables),
    }


def speed(name: str, costs: dict[str, list[Cost]], logged: int) -> dict[str, Any]:
    """One line of what a verdict costs, with its interpreter's start and its imports."""
    said = [json.loads(cost.output) for cost in costs[name]]
    if any(each.get("rows", logged) != logged for each in said):
        raise RuntimeError(f"{name} judged other rows: {said}")
    cpu, wall = ([getattr(cost, what) for cost in costs[name]] for what in ("cpu", "wall"))
    peer = [json.loads(cost.output)["memory"] for cost in costs[PEER]]
    return {
        "table": "speed",
        "arm": name,
        "logged": logged,
        "cpu": Spread.of(cpu),
        "wall": Spread.of(wall),
        "memory": Spread.of([each["memory"] for each in said]),
        "ratio": ratios([cost.cpu for cost in costs[PEER]], cpu),
        "faster": ratios([cost.wall for cost in costs[PEER]], wall),
        "lighter": ratios(peer, [each["memory"] for each in said]),
        "blamed": said[0]["blamed"],
    }
