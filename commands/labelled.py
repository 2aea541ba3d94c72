"""Labels that have come: from a sheet that was filled in, or from the servers."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.markup import escape

from commands.chosen import chosen_model
from commands.console import console_for, print_json
from commands.label_queue import settings_of
from serving.errors import ConfigError, DataError
from steps.data.location import locate
from steps.labelling.settings import Kept

if TYPE_CHECKING:
    from steps.registry.registry import Registry
    from steps.registry.version import Version


def take_back(options: argparse.Namespace) -> int:
    """Keep the labels of a sheet for the next training.

    Raises:
        DataError: The sheet holds none, or one that cannot be.
    """
    if locate(options.labelled).kind not in ("file", "object"):
        raise ConfigError(f"--labelled '{options.labelled}' is no file.")
    with chosen_model(options) as chosen:
        from serving.schema import TableSchema
        from steps.labelling.intake import read_sheet
        from steps.labelling.kept import kept_labels, note_labels
    registry, model = chosen.registry, chosen.model
    version = champion_of(registry, model)
    sheet = read_sheet(options.labelled, TableSchema.from_json(registry.schema_of(version)))
    if not sheet.labels:
        raise DataError(
            f"'{options.labelled}' holds {sheet.open} rows and no label: fill in the column that "
            "is named like the target."
        )
    store = kept_labels(version)
    now = datetime.now(UTC).isoformat()
    added = store.add(replace(label, at=now) for label in sheet.labels)
    note_labels(registry, model, store.mark())
    blank = sum(bool(label.blank) for label in sheet.labels)
    place = store.location.shown
    tell(Kept(model=model, new=added.new, known=added.known, corrected=added.corrected,
              open=sheet.open, blank=blank, place=place), options)  # fmt: skip
    return 0


def champion_of(registry: Registry, model: str) -> Version:
    """The champion, whose contract labels are held against.

    Raises:
        ConfigError: There is none.
    """
    from steps.registry import aliases

    version = aliases.resolve(registry, model).version
    if version is None:
        raise ConfigError(f"'{model}' has no champion yet, so that no row was answered.")
    return version


def keep_sent(options: argparse.Namespace) -> int:
    """Keep the labels that servers were sent for the next training."""
    settings = settings_of(options, datetime.now(UTC))
    with chosen_model(options) as chosen:
        from pipelines.labelling import keeping
    done = chosen.run(keeping, settings=settings)
    tell(done.artifact("keep_feedback"), options)
    return 0


def tell(kept: Kept, options: argparse.Namespace) -> None:
    """Print what became of the labels."""
    if options.json:
        print_json(kept.model_dump(mode="json"))
        return
    if options.quiet:
        print(kept.new)
        return
    without = "whose row is not in the window" if options.from_feedback else "not filled in"
    lines = [
        ("labels", f"{kept.new:,} new, {kept.known:,} known, {kept.open:,} {without}"),
        ("corrected", f"{kept.corrected:,} of the new ones were labelled otherwise before"
         if kept.corrected else ""),
        ("left out", f"{kept.differing:,} that were labelled otherwise since" if kept.differing
         else ""),
        ("left out", f"{kept.faulty:,} that break the contract" if kept.faulty else ""),
        ("blank", f"{kept.blank:,} lack a sensitive value: no model is trained on them"
         if kept.blank else ""),
        ("kept", escape(kept.place)),
        ("next", "the next training of "
         f"'{escape(kept.model)}' takes them; `run.py monitor` counts them"),
    ]  # fmt: skip
    console = console_for(options)
    for name, text in lines:
        if text:
            console.print(f"[bold]{name:<10}[/bold]{text}", highlight=False, soft_wrap=True)
