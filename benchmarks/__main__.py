"""Measure side by side and write docs/benchmarks.md: `python -m benchmarks [SECTION ...]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import (
    batch,
    containers,
    drift,
    five,
    images,
    job,
    network,
    plot,
    results,
    scale,
    serving,
    startup,
    summary,
    table,
)
from benchmarks.machine import header, moment
from benchmarks.process import ROOT, compile_all, first_command

SECTIONS: dict[str, Callable[..., list[dict[str, Any]]]] = {
    "startup": startup.run,
    "job": job.run,
    "peers": five.run,
    "scale": scale.run,
    "torch": network.run,
    "serving": serving.run,
    "containers": containers.run,
    "images": images.run,
    "drift": drift.run,
    "batch": batch.run,
}
# What a section is told beside its folder and the rounds.
TOLD = {
    "serving": ("seconds",),
    "drift": ("windows", "peer_windows", "logged"),
    "batch": ("sizes",),
    "scale": ("training",),
    "torch": ("device",),
}
MANY: dict[str, tuple[int | list[int], str]] = {
    "windows": (200, "drift: windows of each size, without and with a shift"),
    "peer_windows": (20, "drift: those that Evidently judges too, at seconds for each"),
    "logged": (1_000_000, "drift: rows in the log whose verdict is timed"),
    "sizes": ([1_000_000, 5_000_000], "batch: rows of each table; scikit-learn reads the first"),
    "training": ([10_000, 1_000_000], "scale: rows of each training table"),
}
PAGE, README = ROOT / "docs" / "benchmarks.md", ROOT / "README.md"
REPEATS = 3
SECONDS = 5.0


def main(words: list[str]) -> int:
    """Measure the sections asked for, or write the table from what was measured before."""
    options = parse(words)
    if options.what != ["table"]:
        compile_all()
        with TemporaryDirectory(prefix="benchmarks-") as folder:
            first_command(Path(folder) / "first")
        for name in options.what or SECTIONS:
            # Each at once: what was measured stays, whatever becomes of the next.
            new = {name: section(name, options)}
            merged = results.merge(results.read(), header(), new)
            results.RESULTS.write_text(results.text(merged), encoding="utf-8")
    measured = results.read()
    content = table.render(measured)
    plot.draw(measured, ROOT)
    for page, part in ((PAGE, content), (README, summary.summary(measured))):
        page.write_text(table.put(page.read_text("utf-8"), part), encoding="utf-8")
    print(content)
    return 0


def parse(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "what",
        nargs="*",
        metavar="SECTION",
        help=f"some of {', '.join(SECTIONS)} (default: all); or table",
    )
    parser.add_argument("--repeats", type=int, default=REPEATS, help=f"rounds (default: {REPEATS})")
    parser.add_argument(
        "--seconds",
        type=float,
        default=SECONDS,
        help=f"of each load of a server (default: {SECONDS:g})",
    )
    parser.add_argument(
        "--device",
        choices=("cpu", "cuda"),
        default="cpu",
        help="where torch trains (default: cpu)",
    )
    many = parser.add_argument_group("how many")
    for name, (default, about) in MANY.items():
        many.add_argument(
            f"--{name.replace('_', '-')}",
            type=int,
            nargs="+" if isinstance(default, list) else None,
            default=default,
            help=f"{about} (default: {default})",
        )
    options = parser.parse_args(words)
    unknown = [name for name in options.what if name not in (*SECTIONS, "table")]
    if unknown or ("table" in options.what and len(options.what) > 1) or options.repeats < 1:
        parser.error(
            f"say some of {', '.join(SECTIONS)}, or table alone, and --repeats of 1 or more"
        )
    return options


def section(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one section in directories that are removed afterwards."""
    print(f"measuring {name}", file=sys.stderr)
    with TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True) as folder:
        about = {**moment(), "repeats": options.repeats}
        more = {option: getattr(options, option) for option in TOLD.get(name, ())}
        return {**about, **more, "rows": SECTIONS[name](Path(folder), options.repeats, **more)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
