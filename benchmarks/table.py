"""Every table of docs/benchmarks.md, made of the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from benchmarks import drift, five
from benchmarks.notes import NOTES, TITLES

BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"

Row = dict[str, Any]
Columns = dict[str, Callable[[Row], str]]


def _part_of(row: Row, who: str, place: int) -> str:
    """In which share of a detector's windows something was found; of nothing, in how many."""
    found, windows = row[who][place], row["windows"][who]
    return f"{found} of {windows}" if row["arm"] == "nothing" else f"{found / windows:.0%}"


def _wall_of(row: Row, place: int) -> str:
    """The seconds of one number of steps; why there are none in place of the first."""
    return seconds(row["walls"][place]) if "walls" in row else "" if place else row["problem"]


# Each section: its heading, its columns and what a reader must know of it.
START: Columns = {
    "Start": lambda row: row["arm"],
    "CPU, s": lambda row: seconds(row["cpu"]),
    "wall, s": lambda row: seconds(row["wall"]),
}
BUDGET: Columns = {
    "Where a run's seconds go": lambda row: row["arm"],
    "from nothing, s": lambda row: seconds(row["cold"]),
    "`--force`, s": lambda row: seconds(row["forced"]),
}
JOB: Columns = {
    "The main job": lambda row: row["arm"],
    "CPU, s": lambda row: seconds(row["cpu"]),
    "wall, s": lambda row: seconds(row["wall"]),
    "CPU, times naive": lambda row: times(row["ratio"]),
}
PEERS: Columns = {
    "Five stages": lambda row: row["arm"],
    "CPU, s": lambda row: row.get("problem") or seconds(row["cpu"]),
    "wall, s": lambda row: told(row, "wall", seconds),
    "wall, times naive ZenML": lambda row: told(row, "ratio", times),
}
CHAIN: Columns = {
    "Stages that do nothing": lambda row: row["arm"],
    **{
        f"{number} steps, s": partial(_wall_of, place=place)
        for place, number in enumerate(five.COUNTS)
    },
    "a step more, ms": lambda row: told(row, "slope_ms", count),
    "before the first, s": lambda row: told(row, "start", seconds),
}
SCALE: Columns = {
    "Training stage": lambda row: row["arm"],
    "rows": lambda row: f"{row['rows']:,}",
    "CPU, s": lambda row: seconds(row["cpu"]),
    "wall, s": lambda row: seconds(row["wall"]),
    "memory, MiB": lambda row: count(row["memory"]),
    "of it imports": lambda row: count(row["imported"]),
    "rows, times before": lambda row: f"{row['more_rows']:.0f}" if row["more_rows"] else "",
    "CPU, times before": lambda row: f"{row['more_cpu']:.1f}" if row["more_rows"] else "",
    "bytes a row": lambda row: f"{row['row_bytes']:,.0f}" if row["more_rows"] else "",
}
TORCH: Columns = {
    "A network trained": lambda row: row["arm"],
    "on": lambda row: row["device"],
    "CPU, s": lambda row: seconds(row["cpu"]),
    "wall, s": lambda row: seconds(row["wall"]),
    "rows a second": lambda row: count(row["rows_s"]),
    "wall, times by hand": lambda row: times(row["ratio"]),
    "loss on held rows": lambda row: f"{row['loss']['median']:.4f}",
}
SERVING: Columns = {
    "Server": lambda row: row["arm"],
    "req/s, 1 client": lambda row: count(row["alone"]),
    "p50, ms": lambda row: f"{row['p50']['median']:.2f}",
    "req/s, 16 clients": lambda row: count(row["rate"]),
    "p99, ms": lambda row: f"{row['p99']['median']:.1f}",
    "of the floor": lambda row: f"{row['of_floor']['median']:.0%}",
    "ours answers": lambda row: more(row),
    "µs a row of 1,000": lambda row: f"{row['row_us']['median']:,.1f}",
}
CONTAINERS: Columns = {
    "In a container": lambda row: row["arm"],
    "to its first line, s": lambda row: seconds(row["line"]),
    "times the bare imports": lambda row: times(row["of_bare"]),
    "to its end, s": lambda row: seconds(row["end"]),
    "from a change of the code, s": lambda row: seconds(row["changed"]) if row["changed"] else "",
}
IMAGES: Columns = {
    "The image of the steps": lambda row: row["arm"],
    "MB": lambda row: f"{row['megabytes']:,}",
    "build, s": lambda row: f"{row['build']:.0f}",
    "of naive": lambda row: f"{row['of_naive']:.0%}",
    "of naive, torch for CPUs": lambda row: share(row["of_naive_cpu"]),
}
PLANTED = {"nothing": "**nothing planted**: any column blamed"}
ALARMS: Columns = {
    "Found in windows": lambda row: str(PLANTED.get(row["arm"], row["arm"])),
    **{
        f"{who}, {size:,} rows": partial(_part_of, who=who, place=place)
        for who in ("ours", "evidently")
        for place, size in enumerate(drift.SIZES)
    },
}
VERDICTS: Columns = {
    "A verdict on logged rows": lambda row: row["arm"],
    "rows": lambda row: f"{row['logged']:,}",
    "CPU, s": lambda row: seconds(row["cpu"]),
    "wall, s": lambda row: seconds(row["wall"]),
    "memory, MiB": lambda row: count(row["memory"]),
    "CPU of Evidently": lambda row: f"{times(row['ratio'])} times",
    "wall of Evidently": lambda row: f"{times(row['faster'])} times" if "faster" in row else "",
    "memory of Evidently": lambda row: f"{times(row['lighter'])} times",
    "columns blamed": lambda row: str(len(row["blamed"])),
}
BATCH: Columns = {
    "A table predicted": lambda row: row["arm"],
    "model": lambda row: row["kind"],
    "rows": lambda row: f"{row['rows']:,}",
    "rows a CPU-second": lambda row: count(row["rate"]),
    "times scikit-learn": lambda row: times(row["ratio"]) if row["ratio"] else "",
    "memory, MiB": lambda row: count(row["memory"]),
}
SECTIONS = {
    "startup": START,
    "job": JOB,
    "peers": PEERS,
    "scale": SCALE,
    "torch": TORCH,
    "serving": SERVING,
    "containers": CONTAINERS,
    "images": IMAGES,
    "drift": ALARMS,
    "batch": BATCH,
}
# Sections of several tables, by what their rows say that they belong to.
TABLES: dict[str, dict[str, Columns]] = {
    "startup": {"start": START, "budget": BUDGET},
    "peers": {"five": PEERS, "chain": CHAIN},
    "drift": {"alarms": ALARMS, "speed": VERDICTS},
}
# Drawn by `plot.py` from the same rows, and named from the page.
PICTURES = {"peers": ("pictures/peers.svg", "Wall seconds of each tool")}


def told(row: Row, name: str, show: Callable[[Any], str]) -> str:
    """A value as it is shown; nothing where the arm has none."""
    return show(row[name]) if row.get(name) else ""


def share(value: float | None) -> str:
    """A share of what was measured too; nothing where it was not."""
    return "" if value is None else f"{value:.0%}"


def render(results: dict[str, Any]) -> str:
    """Everything that stands between the markers."""
    found = [name for name in SECTIONS if name in results["sections"]]
    parts = [section(name, results["sections"][name]) for name in found]
    return "\n\n".join([machine(results["header"], results["sections"]), *parts])


def section(name: str, content: Row) -> str:
    """One section's heading, tables, picture and note."""
    rows, kinds = content["rows"], TABLES.get(name)
    if kinds is None:
        tables = [markdown(SECTIONS[name], rows)]
    else:
        tables = [
            markdown(columns, own)
            for kind, columns in kinds.items()
            if (own := [row for row in rows if row.get("table") == kind])
        ]
    picture = [f"![{PICTURES[name][1]}]({PICTURES[name][0]})"] if name in PICTURES else []
    return "\n\n".join([f"## {TITLES[name]}", *tables, *picture, NOTES[name]]).strip()


def machine(header: Row, sections: dict[str, Any]) -> str:
    """What was measured when and on what."""
    versions = ", ".join(f"{name} {number}" for name, number in header["versions"].items())
    dates = sorted({content["date"] for content in sections.values()})
    busy = max(content["load"] for content in sections.values())
    repeats = min(content["repeats"] for content in sections.values())
    return (
        f"Medians (lowest to highest) of at least {repeats} interleaved rounds "
        f"on {header['cores']} cores, "
        f"{header['memory_gib']} GiB, {header['system']}, Python {header['python']}, "
        f"{' and '.join(dates)}, load {busy} before; {versions}. `make bench` measures again."
    )


def markdown(columns: Columns, rows: Sequence[Row]) -> str:
    """A table whose first column is text."""
    rule = ["---", *["---:"] * (len(columns) - 1)]
    cells = [[show(row) for show in columns.values()] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [list(columns), rule, *cells])


def seconds(spread: dict[str, float]) -> str:
    """A median of seconds with its lowest and highest value."""
    digits = 2 if spread["median"] < 1 else 1
    low, high = (f"{spread[name]:.{digits}f}" for name in ("low", "high"))
    middle = f"{spread['median']:.{digits}f}"
    return middle if low == high else f"{middle} ({low} to {high})"


def count(spread: dict[str, float]) -> str:
    """How many a second."""
    return f"{spread['median']:,.0f}"


def times(spread: dict[str, float]) -> str:
    """A ratio with as many digits as tell something."""
    value = spread["median"]
    return f"{value:.0f}" if value >= 10 else f"{value:.2f}"


def more(row: Row) -> str:
    """How many times the requests of another server ours answers; nothing beside ours itself."""
    itself = any(row[name]["low"] == row[name]["high"] == 1 for name in ("ratio", "of_floor"))
    return "" if itself else f"{times(row['ratio'])} times as many"


def put(document: str, table: str) -> str:
    """The document with the table between the markers, which are added where there are none.

    Raises:
        ValueError: There is one marker without the other, or there are more than two.
    """
    counts = document.count(BEGIN), document.count(END)
    if counts == (0, 0):
        return f"{document.rstrip()}\n\n{BEGIN}\n{table}\n{END}\n"
    if counts != (1, 1) or document.index(BEGIN) > document.index(END):
        raise ValueError(f"One '{BEGIN}' and after it one '{END}' are needed, not {counts}.")
    before, _, rest = document.partition(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}"
