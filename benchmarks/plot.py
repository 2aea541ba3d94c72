"""The picture of the peers, drawn from the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.five import COLD, COUNTS
from benchmarks.table import PICTURES
from benchmarks.tools import OURS

OURS_IN, OTHERS_IN = "#1f6f54", "#8a97a3"
SECONDS = (1, 2, 5, 10, 20, 50)
# The height of a name, on an axis of orders of magnitude.
GAP = 1.45
# Text stays text, and two drawings of the same numbers are the same file.
SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "peers", "font.size": 9}


def draw(results: dict[str, Any], root: Path) -> None:
    """Draw what was measured of the peers; nothing where nothing was."""
    section = results["sections"].get("peers")
    rows = [row for row in section["rows"] if "problem" not in row] if section else []
    if not rows:
        return
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context(SETTINGS):
        figure, (left, right) = pyplot.subplots(
            1, 2, figsize=(11, 4), layout="constrained", width_ratios=(3, 2)
        )
        bars(left, [row for row in rows if row["table"] == "five"])
        lines(right, [row for row in rows if row["table"] == "chain"])
        path = root / "docs" / PICTURES["peers"][0]
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def bars(axes: Any, rows: Sequence[dict[str, Any]]) -> None:
    """The five stages, the fastest at the top; what is done again is paler."""
    ordered = sorted(rows, key=lambda row: row["wall"]["median"])
    for place, row in enumerate(ordered):
        again = ", " in row["arm"] and not row["arm"].endswith(COLD)
        value = row["wall"]["median"]
        axes.barh(place, value, color=colour(row["arm"]), alpha=0.5 if again else 1.0)
        axes.text(value, place, f" {value:.1f}", va="center")
    axes.set_yticks(range(len(ordered)), [row["arm"].replace("`", "") for row in ordered])
    axes.invert_yaxis()
    axes.set_title("Five stages, wall seconds")
    axes.spines[["top", "right"]].set_visible(False)


def lines(axes: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Seconds by the number of steps."""
    ends = {row["arm"]: row["walls"][-1]["median"] for row in rows}
    for row in rows:
        values = [each["median"] for each in row["walls"]]
        axes.plot(COUNTS, values, marker="o", markersize=3, color=colour(row["arm"]))
    for arm, place in apart(ends).items():
        axes.text(COUNTS[-1], place, f" {arm}", va="center")
    axes.set_xticks(COUNTS)
    axes.set_xlabel("steps that do nothing")
    axes.set_title("Wall seconds by steps")
    axes.set_yscale("log")
    axes.set_yticks(SECONDS, [f"{each:g}" for each in SECONDS])
    axes.set_yticks([], minor=True)
    axes.spines[["top", "right"]].set_visible(False)


def apart(ends: Mapping[str, float]) -> dict[str, float]:
    """Where the names of lines stand that end at these seconds: none upon another."""
    places: dict[str, float] = {}
    lowest = 0.0
    for arm in sorted(ends, key=lambda each: ends[each]):
        places[arm] = max(ends[arm], lowest)
        lowest = places[arm] * GAP
    return places


def colour(arm: str) -> str:
    """Ours stands out."""
    return OURS_IN if arm.split(",")[0] == OURS else OTHERS_IN
