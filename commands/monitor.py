"""What the served champion saw and answered, held against its training."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from commands.act import act, told
from commands.chosen import chosen_model
from commands.console import console_for, print_json
from commands.train import PASSWORD
from pipelines.settings import parse_overrides
from serving.errors import ConfigError, near_miss
from steps.data.location import lift_password, locate
from steps.monitoring.settings import MonitoringSettings, PolicySettings, WindowSettings
from steps.monitoring.span import moment
from steps.monitoring.statistic import figure

COLOURS = {"ok": "green", "drift": "yellow", "degraded": "red", "too few rows": "cyan"}
# As `stack plan` has it: nothing is wrong with the command, and there is something to do.
FOUND = 3


def run(options: argparse.Namespace) -> int:
    """Judge a window and say what was found."""
    window = window_of(options, datetime.now(UTC))
    overrides = parse_overrides(options.set)
    changes = changes_of(overrides)
    with chosen_model(options) as chosen:
        from commands.reach import Reached, within_reach
        from pipelines.monitoring import monitoring
    console, labels = console_for(options), window.labels
    reached = within_reach(labels, "", console) if labels else Reached("")
    window = window.model_copy(update={"labels": reached.data})
    done = chosen.run(monitoring, reached.mounts, window=window, changes=changes)
    verdict = done.artifact("judge_window", "verdict").model_dump(mode="json")
    if options.act:
        verdict["action"] = act(chosen.registry, verdict, overrides)
    if options.json:
        print_json(verdict)
    elif options.quiet:
        print(verdict["outcome"])
    else:
        show(verdict, console)
    return FOUND if verdict["outcome"] in ("drift", "degraded") else 0


def window_of(options: argparse.Namespace, now: datetime) -> WindowSettings:
    """The window that a command line asks for."""
    until = moment(options.until, now, "--until") if options.until else now
    return WindowSettings(
        since=moment(options.since, until, "--since"),
        until=until,
        labels=labels_at(options),
        query=options.query,
        label=options.label,
    )


def labels_at(options: argparse.Namespace) -> str:
    """Where the labels lie that a command line names; a password stays in the environment."""
    place, password = lift_password(options.labels or "", PASSWORD)
    if password is not None:
        os.environ[PASSWORD] = password
    if place:
        locate(place)
    return place


def changes_of(overrides: dict[str, Any]) -> dict[str, Any]:
    """Settings of the judgement that are laid over those of the training.

    Args:
        overrides: By dotted key; those of the policy are left to it.
    """
    policy = {f"policy.{name}" for name in PolicySettings.model_fields}
    judging = {*MonitoringSettings.model_fields} - {"policy"}
    known = {f"monitoring.{name}" for name in judging | policy}
    for key in overrides:
        if key not in known:
            raise ConfigError(f"There is no setting '{key}' here. {near_miss(key, known)}")
    plain = {key.removeprefix("monitoring."): value for key, value in overrides.items()}
    changes = {key: value for key, value in plain.items() if key in judging}
    rules = rules_of(overrides)
    try:
        MonitoringSettings(**changes, policy=PolicySettings(**rules))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(f"The setting '{place}' of the monitoring: {first['msg']}.") from error
    return changes


def rules_of(overrides: dict[str, Any]) -> dict[str, Any]:
    """Values of the policy that are laid over those of the training."""
    start = "monitoring.policy."
    return {key.removeprefix(start): overrides[key] for key in overrides if key.startswith(start)}


def show(verdict: dict[str, Any], console: Console) -> None:
    """Print what a window says."""
    shifts = [*verdict["columns"], *verdict["answers"]]
    console.print()
    if shifts:
        console.print(table(shifts), highlight=False)
        console.print()
    outcome = verdict["outcome"]
    lines = [
        ("model", f"{escape(verdict['model'])} version {verdict['version']}, the champion"),
        ("window", f"{verdict['since'][:19]} to {verdict['until'][:19]} UTC"),
        ("rows", f"{verdict['rows']:,}, of which the champion answered {verdict['answered']:,}"),
        ("labels", labels(verdict)),
        ("verdict", f"[{COLOURS[outcome]}]{outcome}[/{COLOURS[outcome]}]"),
        *(
            ("" if place else "reasons", escape(text))
            for place, text in enumerate(verdict["reasons"])
        ),
        *(("report", escape(verdict[key])) for key in ("report", "unreported") if verdict[key]),
    ]
    if action := verdict.get("action"):
        done = escape(action["reason"])
        if training := action.get("training"):
            done = f"{done} {escape(told(training))}"
        lines.append(("action", f"[bold]{action['act']}[/bold]  {done}"))
    for name, text in lines:
        console.print(f"[bold]{name:<9}[/bold]{text}", highlight=False, soft_wrap=True)


def table(shifts: list[dict[str, Any]]) -> Table:
    """One line a column that drifted, or the nearest to it where none has."""
    found = Table("column", "test", "value", "threshold", "missing", "new", "", box=None)
    drifted = [each for each in shifts if each["drifted"]]
    for each in drifted or shifts[:8]:
        mark = "[red]drifted[/red]" if each["drifted"] else ""
        numbers = (figure(each["test"], each[key]) for key in ("value", "threshold"))
        cells = [*numbers, f"{each['missing']:.1%}"]
        found.add_row(escape(each["column"]), each["test"], *cells, f"{each['unseen']:.1%}", mark)
    if not drifted and len(shifts) > 8:
        found.add_row(f"and {len(shifts) - 8} more", *[""] * 6)
    return found


def labels(verdict: dict[str, Any]) -> str:
    """How many labels took part."""
    text = f"{verdict['labelled']:,}"
    if verdict["unmatched"]:
        text += f"; {verdict['unmatched']:,} more name no request of this window"
    return text
