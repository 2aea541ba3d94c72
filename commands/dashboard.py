"""ZenML's dashboard on what the runs left behind."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from commands.console import console_for, print_json
from commands.environment import prepare

if TYPE_CHECKING:
    from stacks.dashboard import Dashboard

ROOT = Path(__file__).resolve().parent.parent


def run(options: argparse.Namespace) -> int:
    """Start the dashboard, or end it."""
    if options.stop:
        return end(options)
    prepare(verbose=options.verbose)
    from commands.summary import server_address
    from stacks.dashboard import Dashboard, start

    if address := server_address():
        # A server that the client is logged in to has a dashboard, and users, of its own.
        return show(Dashboard(address, 0, ""), options, last_run(address))
    console = console_for(options)
    waiting = console.status("  starting ZenML's server")
    with waiting if console.is_terminal else nullcontext():
        found = start(home(), options.port)
    return show(found, options, last_run(found.url))


def end(options: argparse.Namespace) -> int:
    """End the dashboard that runs."""
    from stacks.dashboard import stop

    stopped = stop(home())
    if options.json:
        print_json({"stopped": stopped})
    elif not options.quiet:
        print("The dashboard is stopped." if stopped else "No dashboard is running.")
    return 0


def last_run(address: str) -> str:
    """The page of the last run; empty where nothing has run."""
    from zenml.client import Client

    client = Client()
    runs = client.list_pipeline_runs(sort_by="desc:created", size=1).items
    project = client.active_project.name
    return f"{address}/projects/{project}/runs/{runs[0].id}" if runs else ""


def show(found: Dashboard, options: argparse.Namespace, run: str) -> int:
    """Say where it is and who may look, and open it where there is a screen."""
    if options.json:
        told = {**asdict(found), "last_run": run}
        print_json({key: value for key, value in told.items() if value})
    elif options.quiet:
        # The password is told once, and this may be the once.
        print(" ".join([found.url, *([found.user, found.password] if found.password else [])]))
    else:
        print("\n".join(lines(found, run)))
    if sys.stdout.isatty() and not options.no_browser and _has_screen():
        webbrowser.open(run or found.url)
    return 0


def lines(found: Dashboard, run: str) -> list[str]:
    """The address, the credentials the one time that they are known, and how to end it."""
    said = [f"dashboard  {found.url}", *([f"last run   {run}"] if run else [])]
    if not found.pid:
        return [*said, "It is the server that this client is logged in to; log in as there."]
    if found.password:
        said += [f"user       {found.user}", f"password   {found.password}  (shown this once)"]
    else:
        said += ["It runs already. For a new password: `--stop`, then start it again."]
    return [*said, "end it     python run.py dashboard --stop"]


def home() -> Path:
    """Where the dashboard's record is kept."""
    return Path(os.environ.get("SWITCHYARD_HOME", ROOT / ".switchyard")) / "dashboard"


def _has_screen() -> bool:
    """Whether a browser would have a window, and not take over this terminal."""
    named = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(named) or sys.platform == "darwin"
