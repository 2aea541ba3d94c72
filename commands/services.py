"""What is served where, and how to end it."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from rich.table import Table

from commands.console import console_for, print_json
from commands.environment import prepare
from serving.errors import ConfigError, near_miss
from serving.spec import Endpoint

STYLES = {"ready": "green", "starting": "yellow", "stopped": "dim", "failed": "red"}


def status(options: argparse.Namespace) -> int:
    """Show every model that the active stack's deployer serves or served."""
    prepare(verbose=options.verbose)
    from steps.deployment.deployer import active_deployer

    endpoints = active_deployer().endpoints()
    if options.json:
        print_json([asdict(endpoint) for endpoint in endpoints])
    elif endpoints:
        console_for(options).print(_table(endpoints))
    else:
        print("Nothing is served. `python run.py` trains and deploys.")
    return 0


def stop(options: argparse.Namespace) -> int:
    """Stop serving one model."""
    prepare(verbose=options.verbose)
    from steps.deployment.deployer import active_deployer

    deployer = active_deployer()
    name = _choose(options.model, [endpoint.name for endpoint in deployer.endpoints()])
    stopped = deployer.stop(name)
    if options.json:
        print_json({"model": name, "stopped": stopped})
    elif not options.quiet:
        print(f"{name} is stopped." if stopped else f"{name} was stopped already.")
    return 0


def _choose(asked: str | None, known: list[str]) -> str:
    if asked in known or (asked is None and len(set(known)) == 1):
        return asked or known[0]
    if asked is None:
        wanted = "Say which one to stop" if known else "Nothing is served"
        raise ConfigError(f"{wanted}. {near_miss('', known)}")
    raise ConfigError(f"No model '{asked}' is served. {near_miss(asked, known)}")


def _table(endpoints: list[Endpoint]) -> Table:
    table = Table("model", "version", "status", "predict (v2)", "predict (Seldon)", box=None)
    for each in endpoints:
        style = STYLES[each.status]
        shown = f"[{style}]{each.status}[/{style}]" + (f" {each.detail}" if each.detail else "")
        table.add_row(each.name, each.version, shown, each.predict_url, each.seldon_url)
    return table
