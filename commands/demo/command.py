"""`python run.py demo`: the story, its time line, its end and its page."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from commands.console import console_for, print_json
from serving.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from commands.demo.place import Place
    from commands.demo.tale import Check
    from commands.demo.timeline import TimeLine

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = "report.html"


def run(options: argparse.Namespace) -> int:
    """Play the story, say whether it came out as planted, and leave its page."""
    folder = folder_of(options)
    from commands.demo.page import render
    from commands.demo.place import Place
    from commands.demo.plants import plants
    from commands.demo.story import Story, play
    from commands.demo.tale import Tale, checks
    from commands.demo.timeline import TimeLine

    console, quiet = console_for(options), options.quiet or options.json
    place = Place(folder)
    if not quiet:
        console.print(f"everything of this lies in {folder}\n", highlight=False, soft_wrap=True)
    line, tale = TimeLine(console, quiet=quiet), Tale()
    with tidied(place, keep=options.keep):
        place.prepare()
        with line.doing("reading the demo's table"):
            planted = plants()
        play(Story(place, planted, line, tale))
    found = checks(tale)
    page = folder / PAGE
    page.write_text(render(line, tale, found), encoding="utf-8")
    passed = all(check.passed for check in found) and not tale.error
    kept = options.keep or not passed
    if not kept:
        place.clear()
    if options.json:
        print_json(document(line, found, tale.error, place, kept=kept))
    else:
        show(found, tale.error, console, line, quiet=options.quiet)
        where(place, console, keep=options.keep, kept=kept, quiet=options.quiet)
    return 0 if passed else 1


def folder_of(options: argparse.Namespace) -> Path:
    """Where everything of this demo lies.

    Raises:
        ConfigError: Something lies there already.
    """
    if options.out is None:
        records = Path(os.environ.get("SWITCHYARD_HOME", ROOT / ".switchyard"))
        return (records / "demo" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}").absolute()
    folder = Path(options.out).expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"--out '{options.out}' is there already: name a new folder.")
    return folder


@contextmanager
def tidied(place: Place, *, keep: bool) -> Iterator[None]:
    """End the servers with whatever ends the story: also Ctrl-C and SIGTERM."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    interrupted = True
    try:
        yield
        interrupted = False
    finally:
        signal.signal(signal.SIGTERM, before)
        if interrupted or not keep:
            place.stop()


def document(
    line: TimeLine, found: Sequence[Check], error: str, place: Place, *, kept: bool
) -> dict[str, Any]:
    """The story as one document."""
    return {
        "passed": all(check.passed for check in found) and not error,
        "seconds": round(line.seconds, 1),
        "events": [asdict(event) for event in line.events],
        "checks": [asdict(check) for check in found],
        "error": error,
        "report": str(place.folder / PAGE),
        "folder": str(place.folder),
        "kept": kept,
    }


def show(
    found: Sequence[Check], error: str, console: Console, line: TimeLine, *, quiet: bool
) -> None:
    """Print the end: each part that was planted, and whether it came."""
    failed = [check for check in found if not check.passed]
    if not quiet:
        table = Table("part", "planted", "came", "", box=None)
        for each in found:
            mark = "[green]as planted[/green]" if each.passed else "[red]otherwise[/red]"
            table.add_row(each.part, escape(each.expected), escape(each.found), mark)
        console.print()
        console.print(table, highlight=False)
        console.print()
    if error:
        console.print(f"[red]ended early[/red] {escape(error)}", highlight=False, soft_wrap=True)
    if failed:
        names = ", ".join(check.part for check in failed)
        told = f"[red]otherwise than planted[/red]: {names}"
    else:
        told = f"[green]as planted[/green]: {len(found)} parts of {len(found)}"
    console.print(f"{told}, in {line.seconds:.0f} s", highlight=False, soft_wrap=True)


def where(place: Place, console: Console, *, keep: bool, kept: bool, quiet: bool) -> None:
    """Print where the page lies, and what else was left."""
    lines = [f"[bold]report[/bold]    {place.folder / PAGE}"]
    if kept and not quiet:
        what = "the servers run on" if keep else "the servers were ended"
        lines += [
            f"[bold]kept[/bold]      {place.folder}; {what}",
            f"[bold]look[/bold]      . {shlex.quote(str(place.folder / 'environment'))}; "
            "then python run.py status, history or stop, or zenml login --local",
        ]
    for each in lines:
        console.print(each, highlight=False, soft_wrap=True)
