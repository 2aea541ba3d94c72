"""The answered rows that are most worth a label, as a sheet to be filled in."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from rich.markup import escape

from commands.chosen import chosen_model
from commands.console import console_for, print_json
from serving.errors import ConfigError
from steps.labelling.settings import Queued, QueueSettings
from steps.monitoring.span import moment

if TYPE_CHECKING:
    from rich.console import Console


def run(options: argparse.Namespace) -> int:
    """Ask for labels, or keep those that have come."""
    if options.labelled and options.from_feedback:
        raise ConfigError("--labelled and --from-feedback are two ways: take one after the other.")
    if options.labelled:
        from commands.labelled import take_back

        return take_back(options)
    if options.from_feedback:
        from commands.labelled import keep_sent

        return keep_sent(options)
    return ask(options)


def ask(options: argparse.Namespace) -> int:
    """Write the rows to be labelled into a file."""
    settings, out = settings_of(options, datetime.now(UTC)), out_of(options)
    with chosen_model(options) as chosen:
        from pipelines.labelling import labelling
    done = chosen.run(labelling, settings=settings)
    done.artifact("queue_rows", "sheet").to_csv(out, index=False, mode="x")
    queued = done.artifact("queue_rows", "queued")
    if options.json:
        print_json({**queued.model_dump(mode="json"), "out": str(out)})
    elif options.quiet:
        print(out)
    else:
        show(queued, out, console_for(options))
    return 0


def settings_of(options: argparse.Namespace, now: datetime) -> QueueSettings:
    """What a command line asks for."""
    until = moment(options.until, now, "--until") if options.until else now
    since = moment(options.since, until, "--since")
    try:
        return QueueSettings(since=since, until=until, count=options.count, seed=options.seed)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"--{first['loc'][0]} {first['input']}: {first['msg']}.") from None


def out_of(options: argparse.Namespace) -> Path:
    """Where the sheet is written: no file is written over, for it may hold somebody's labels.

    Raises:
        ConfigError: There is a file, or no folder.
    """
    out = Path(options.out)
    if out.suffix.lower() != ".csv":
        raise ConfigError(f"--out '{out}' is no .csv file.")
    if out.exists():
        raise ConfigError(f"'{out}' is there already and may hold labels: name another --out.")
    if not out.absolute().parent.is_dir():
        raise ConfigError(f"'{out}' cannot be written: there is no folder '{out.parent}'.")
    return out


def show(queued: Queued, out: Path, console: Console) -> None:
    """Print what was looked through and what is to be done now."""
    lines = [
        ("model", f"{escape(queued.model)} version {queued.version}, the champion"),
        (
            "rows",
            f"{queued.rows:,}, of which the champion answered {queued.answered:,}; "
            f"{queued.labelled:,} have a label",
        ),
        ("to label", f"{queued.picked:,} in {escape(str(out))}, those that tell most first"),
    ]
    if queued.blank:
        names = ", ".join(queued.blank)
        lines.append(("blank", f"{escape(names)}: sensitive, so that no log holds it"))
    console.print()
    for name, text in lines:
        console.print(f"[bold]{name:<9}[/bold]{text}", highlight=False, soft_wrap=True)
