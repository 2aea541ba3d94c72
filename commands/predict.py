"""Predictions for a whole table, written to a file."""

from __future__ import annotations

import argparse
import os

from rich.markup import escape

from commands.chosen import chosen_model
from commands.console import console_for, print_json
from commands.train import PASSWORD
from serving.errors import ConfigError
from steps.data.location import lift_password, locate, locate_output
from steps.inference.settings import Predictions, PredictionSettings


def run(options: argparse.Namespace) -> int:
    """Predict a table with the champion and say where the predictions are."""
    settings = settings_of(options)
    locate(settings.data)
    locate_output(settings.out)
    with chosen_model(options) as chosen:
        from commands.output import fetch, within_reach_to_write
        from commands.reach import within_reach
        from pipelines.inference import inference
    console = console_for(options)
    reached = within_reach(settings.data, "", console)
    output = within_reach_to_write(settings.out)
    settings = settings.model_copy(update={"data": reached.data, "out": output.told})
    mounts = {**reached.mounts, **output.mounts}
    done = chosen.run(inference, mounts, settings=settings, version=options.version)
    predictions = fetch(output, done.artifact("predict_rows"), console)
    show(predictions, options)
    return 0


def settings_of(options: argparse.Namespace) -> PredictionSettings:
    """What a command line asks for; a password typed into it goes to the environment."""
    data, password = lift_password(options.data, PASSWORD)
    if password is not None:
        os.environ[PASSWORD] = password
    kept = options.keep
    if kept not in ("ids", "all", "none"):
        kept = tuple(name.strip() for name in kept.split(",") if name.strip())
    if options.batch < 1:
        raise ConfigError("--batch must be 1 at least.")
    return PredictionSettings(
        data=data,
        query=options.query,
        out=options.out,
        keep=kept,
        faulty=options.faulty,
        batch=options.batch,
    )


def show(predictions: Predictions, options: argparse.Namespace) -> None:
    """Print what was written."""
    if options.json:
        print_json(predictions.model_dump(mode="json"))
        return
    if options.quiet:
        print(predictions.out)
        return
    rate = predictions.rows / max(predictions.seconds, 1e-9)
    lines = [
        ("rows", f"{predictions.rows:,} in {predictions.seconds:.1f} s, {rate:,.0f} a second"),
        ("resumed", f"{predictions.resumed:,} of them from an interrupted run"),
        ("faulty", f"{predictions.faulty:,} without a prediction, each with its reason"),
        ("model", f"{escape(predictions.model)} version {predictions.version}"),
        ("written", f"{escape(predictions.out)}  {predictions.digest}"),
    ]
    left_out = {"resumed": not predictions.resumed, "faulty": not predictions.faulty}
    console = console_for(options)
    for name, text in lines:
        if not left_out.get(name, False):
            console.print(f"[bold]{name:<9}[/bold]{text}", highlight=False, soft_wrap=True)
