"""The words of what is served, and which versions were."""

from __future__ import annotations

from commands.examples import COMPLETION_EXAMPLES
from commands.grammar.base import Parser, command


def history() -> Parser:
    """Which version was champion when, and why."""
    about = "Show which version was champion when, and why."
    examples = "example:\n  python run.py history --model flights-late"
    parser = command("history", "commands.versions:history", about, examples)
    parser.add_argument("--model", help="the registered model (default: the only one)")
    return parser


def rollback() -> Parser:
    """Return to the champion before this one."""
    about = "Make the champion before this one the champion again, deploy it, and record that."
    examples = 'example:\n  python run.py rollback --reason "late labels show a drop"'
    parser = command("rollback", "commands.versions:rollback", about, examples)
    parser.add_argument("--model", help="the registered model (default: the only one)")
    parser.add_argument("--to", metavar="VERSION", help="a version (default: the one before)")
    parser.add_argument("--reason", default="", help="why, for the history")
    return parser


def status() -> Parser:
    """What is served where."""
    about = "Show which models the active stack's deployer serves, and where."
    return command(
        "status", "commands.services:status", about, "example:\n  python run.py status --json"
    )


def stop() -> Parser:
    """Stop serving."""
    about = "Stop serving a model; its versions and its log stay."
    examples = "example:\n  python run.py stop flights-late"
    parser = command("stop", "commands.services:stop", about, examples)
    parser.add_argument("model", nargs="?", help="the served model (default: the only one)")
    return parser


def dashboard() -> Parser:
    """The runs in a browser."""
    about = "Start ZenML's dashboard on the local store, with a user and a password for it."
    examples = "examples:\n  python run.py dashboard\n  python run.py dashboard --stop"
    parser = command("dashboard", "commands.dashboard:run", about, examples)
    parser.add_argument("--stop", action="store_true", help="end the one that runs")
    parser.add_argument("--port", type=int, default=0, help="its port (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="open no browser")
    return parser


def completion() -> Parser:
    """The words of all commands, for a shell."""
    about = "Print what lets a shell complete the words of `python run.py` by the Tab key."
    parser = command("completion", "commands.completion.command:run", about, COMPLETION_EXAMPLES)
    parser.add_argument("shell", choices=["bash", "zsh", "fish"])
    return parser
