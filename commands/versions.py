"""Which version was champion when, and the way back to one."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.markup import escape

from commands.console import console_for, print_json
from commands.environment import prepare
from commands.interrupted import lines
from serving.errors import ConfigError, RunError, SwitchyardError, near_miss

if TYPE_CHECKING:
    from steps.registry.history import Move
    from steps.registry.registry import Registry


def history(options: argparse.Namespace) -> int:
    """Show every move of the champion."""
    prepare(verbose=options.verbose)
    from steps.registry import aliases
    from steps.registry.tracking import open_registry

    registry = open_registry()
    model = choose_model(registry, options.model)
    moves = aliases.history(registry, model)
    if options.json:
        print_json([asdict(move) for move in moves])
        return 0
    if not moves:
        print(f"'{model}' has had no champion yet.")
    console = console_for(options)
    for move in moves:
        console.print(line(move), highlight=False, soft_wrap=True)
    for left in lines(model):
        console.print(left, highlight=False, markup=False, soft_wrap=True)
    return 0


def line(move: Move) -> str:
    """One move of the champion: when, from which version to which, by what and why."""
    when = move.at[:19].replace("T", " ")
    where = f"{move.origin or 'none'} -> {move.to or 'none'}"
    return f"[dim]{when} UTC[/dim]  [bold]{where:<12}[/bold] {move.by:<9} {escape(move.reason)}"


def rollback(options: argparse.Namespace) -> int:
    """Make an earlier version champion again, deploy it and record why."""
    prepare(verbose=options.verbose)
    from commands.execution import execute
    from pipelines.deployment import deployment
    from steps.registry import aliases
    from steps.registry.tracking import mark_production, open_registry

    registry, console = open_registry(), console_for(options)
    model = choose_model(registry, options.model)
    version = aliases.rollback(registry, model, options.to, reason=options.reason)
    mark_production(version)
    quiet = options.quiet or options.json
    try:
        run = execute(deployment, {"model": model}, model=model, console=console, quiet=quiet)
    except SwitchyardError as error:
        told = f"Version {version.version} is champion now but does not answer yet"
        raise RunError(f"{error} {told}: `python run.py` deploys it.") from error
    served = run.artifact("deploy")
    if options.json:
        print_json({"model": model, "champion": version.version, "endpoint": served.model_dump()})
        return 0
    url = served.predict_url or served.seldon_url
    if options.quiet:
        print(version.version, url)
    else:
        print(f"Version {version.version} of '{model}' is champion again: {url}")
    return 0


def choose_model(registry: Registry, asked: str | None) -> str:
    """The model that is meant: the one asked for, or the only one there is."""
    known = registry.models()
    if asked is not None:
        if asked not in known:
            raise ConfigError(f"No model '{asked}' is registered. {near_miss(asked, known)}")
        return asked
    if len(known) == 1:
        return known[0]
    if not known:
        raise ConfigError("No model is registered yet. `python run.py` trains the first one.")
    raise ConfigError(f"Say which model: --model NAME. {near_miss('', known)}")
