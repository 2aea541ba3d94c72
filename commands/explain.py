"""Where one answer came from: the version, its training, and what each column contributed."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from commands.console import console_for, print_json
from commands.environment import prepare
from steps.monitoring.span import moment

if TYPE_CHECKING:
    from rich.console import Console

# The columns beyond these are added up; `--json` has each.
SHOWN = 12


def run(options: argparse.Namespace) -> int:
    """Look a request up and say where its answer came from."""
    until = datetime.now(UTC)
    since = moment(options.since, until, "--since")
    prepare(verbose=options.verbose)
    from commands.stack import use
    from commands.versions import choose_model
    from serving.model import Model
    from steps.monitoring.explanation import explain, find
    from steps.monitoring.log import log_rows
    from steps.monitoring.profile import PROFILE, Profile
    from steps.monitoring.steps import log_store
    from steps.registry.tracking import open_registry

    use(options.stack)
    registry = open_registry()
    name = choose_model(registry, options.model)
    uri, store = log_store()
    row = find(log_rows(uri, name, since, until, store), options.request, options.row)
    version = registry.version(name, row["version"])
    profile = Profile.from_json(registry.text_of(version, PROFILE))
    with TemporaryDirectory() as scratch:
        model = Model.load(registry.fetch(version, Path(scratch)), digest=version.digest)
    told = explain(row, model, profile, version)
    if options.json:
        print_json(told)
    elif options.quiet:
        print(told["version"]["version"], told["answer"])
    else:
        show(told, console_for(options))
    return 0


def show(told: dict[str, Any], console: Console) -> None:
    """Print the answer, what it stands on, and the columns that moved it most."""
    for name, value in facts(told):
        console.print(f"[bold]{name:<12}[/bold]{escape(value)}", highlight=False, soft_wrap=True)
    console.print()
    if told["contributions"] is None:
        console.print(as_seen(told["features"]), highlight=False)
        console.print(told["unexplained"], highlight=False, soft_wrap=True)
        return
    console.print(table(told), highlight=False)
    rest = told["contributions"][SHOWN:]
    if rest:
        left = sum(each["value"] for each in rest)
        console.print(f"[dim]{len(rest)} more columns: {left:+.4f} together[/dim]")


def facts(told: dict[str, Any]) -> list[tuple[str, str]]:
    """The lines above the columns, by name."""
    version, scores = told["version"], told["scores"]
    same = {True: "yes, bit for bit", False: "no: the model answers otherwise now", None: ""}
    shown = f" (score {max(scores):.4f})" if scores else ""
    lines = [
        ("request", f"{told['request']}, row {told['row']}"),
        ("answered", f"{told['time'][:23].replace('T', ' ')} UTC: {told['answer']}{shown}"),
        ("again", same[told["reproduced"]]),
        ("version", f"{version['model']} version {version['version']}, {version['digest']}"),
        ("trained", f"{version['trained'][:19].replace('T', ' ')} UTC, {runs(version)}"),
        ("data", version["data_digest"]),
        ("commit", f"{version['commit'] or 'none'}, {version['config']}"),
        ("stack", version["stack"]),
        ("environment", environment(version["environment"])),
    ]
    return [(name, value) for name, value in lines if value]


def runs(version: dict[str, Any]) -> str:
    """The training by its name in ZenML and in MLflow."""
    named = f"ZenML run {version['zenml_run']}, " if version["zenml_run"] else ""
    return f"{named}MLflow run {version['run']}"


def environment(found: dict[str, str]) -> str:
    """What the training ran with, in one line."""
    packages = [f"{name} {held}" for name, held in found.items() if name not in ("python", "pins")]
    python = [f"Python {found['python']}"] if found.get("python") else []
    pins = [f"requirements.txt {found['pins']}"] if found.get("pins") else []
    return ", ".join([*python, *packages, *pins])


def as_seen(features: dict[str, Any]) -> Table:
    """The columns as the log holds them."""
    found = Table("column", "value", box=None, pad_edge=False)
    for name, value in features.items():
        found.add_row(escape(name), escape("missing" if value is None else str(value)))
    return found


def table(told: dict[str, Any]) -> Table:
    """The columns that moved the score most, from the mean score to this one."""
    found = Table("column", "value", box=None, pad_edge=False)
    found.add_column("contribution", justify="right")
    found.add_column("error", justify="right")
    found.add_row("[dim]mean of the training[/dim]", "", f"{told['mean_score']:.4f}", "")
    for each in told["contributions"][:SHOWN]:
        value = told["features"].get(each["column"])
        cells = (escape(each["column"]), escape("missing" if value is None else str(value)))
        found.add_row(*cells, f"{each['value']:+.4f}", f"{each['error']:.4f}")
    return found
