"""What is served where, and how to end it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from rich.table import Table

from commands.console import console_for, print_json
from commands.environment import prepare
from serving.errors import ConfigError, near_miss
from serving.spec import Deployer, Endpoint, Observation, Trials

STYLES = {"ready": "green", "starting": "yellow", "stopped": "dim", "failed": "red"}


def status(options: argparse.Namespace) -> int:
    """Show every model that the active stack's deployer serves or served."""
    prepare(verbose=options.verbose)
    from commands.interrupted import close_dead, lines
    from commands.schedule import lines as scheduled
    from steps.deployment.deployer import active_deployer, serves

    deployer = active_deployer() if serves() else None
    endpoints = deployer.endpoints() if deployer else []
    trials = {
        each.name: seen for each in endpoints if deployer and (seen := _trial(deployer, each))
    }
    if options.json:
        print_json([_told(each, trials.get(each.name)) for each in endpoints])
        return 0
    console = console_for(options)
    if endpoints:
        console.print(_table(endpoints))
        for seen in trials.values():
            console.print(_line(seen), highlight=False, soft_wrap=True)
    elif deployer:
        print("Nothing is served. `python run.py` trains and deploys.")
    else:
        print("The active stack has no model deployer: it serves nothing.")
    close_dead()
    for line in (*lines(), *scheduled()):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
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


def _trial(deployer: Deployer, endpoint: Endpoint) -> Observation | None:
    """The version on trial beside the one that answers there."""
    if endpoint.status != "ready" or not isinstance(deployer, Trials):
        return None
    return deployer.observe(endpoint.name)


def _told(endpoint: Endpoint, trial: Observation | None) -> dict[str, Any]:
    return {**asdict(endpoint), "trial": None if trial is None else _known(asdict(trial))}


def _known(told: dict[str, Any]) -> dict[str, Any]:
    """A trial as JSON can hold it: a latency that is not known is null."""
    samples = {
        name: {key: None if value != value else value for key, value in told[name].items()}
        for name in ("stable", "trial")
    }
    return {**told, **samples}


def _line(seen: Observation) -> str:
    """One trial: which version has which share, and what it did."""
    share = f"{seen.traffic.share:.0%} of the requests"
    agreed = f", {seen.agreed / seen.compared:.1%} agreement" if seen.compared else ""
    return (
        f"\n{seen.name}: version {seen.trial.version} is on trial as {seen.traffic.mode} for "
        f"{share}, met {seen.trial.requests:,} of them, failed {seen.trial.errors:,}{agreed}. "
        f"`python run.py rollback --model {seen.name}` ends it."
    )


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
