"""What the parsers of all commands share. Nothing heavy is imported to read words."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from typing import Any

from serving.errors import near_miss


class Parser(argparse.ArgumentParser):
    """An argument parser that answers an unknown word with its near misses."""

    def error(self, message: str) -> Any:
        """Say what is wrong and where the help is, and leave with status 2."""
        if message.startswith("unrecognized arguments: "):
            word = message.removeprefix("unrecognized arguments: ").split()[0]
            known = [name for action in self._actions for name in action.option_strings]
            message = f"{self.prog} does not take '{word}'. {near_miss(word, known)}"
        print(f"error: {message}\nsee: {self.prog} --help", file=sys.stderr)
        sys.exit(2)


def _runner(target: str) -> Callable[[argparse.Namespace], int]:
    """A command that imports its own module only when it is called."""
    module, function = target.split(":")

    def run(options: argparse.Namespace) -> int:
        status: int = getattr(importlib.import_module(module), function)(options)
        return status

    return run


def command(name: str, target: str, about: str, examples: str) -> Parser:
    prog = "python run.py" if name == "train" else f"python run.py {name}"
    parser = Parser(
        prog=prog,
        description=about,
        epilog=examples,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=_runner(target))
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print one JSON document")
    output.add_argument("--quiet", action="store_true", help="print the result only")
    output.add_argument("--verbose", action="store_true", help="show the log of ZenML and MLflow")
    output.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def question(parser: Parser) -> None:
    """What is to be trained on, and how."""
    parser.add_argument("--config", help="a run config's name or file (default: demo)")
    parser.add_argument("--data", help="a table: a file, a directory, a URI, or a demo's name")
    parser.add_argument("--query", help="the SQL query, where --data is a database URL")
    parser.add_argument("--target", help="the column to predict")
    tasks = ["auto", "classification", "binary", "multiclass", "regression"]
    parser.add_argument(
        "--task", choices=tasks, help="what kind of prediction (default: seen from the target)"
    )
    parser.add_argument("--model", help="the registered model's name")
    overrides(parser)


def overrides(parser: Parser) -> None:
    """Values laid over the config."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="lay a value over the config",
    )


def window(parser: Parser) -> None:
    """Which rows are judged, and where their labels are."""
    when = "90m, 24h, 7d, 2w back, or a time such as 2026-01-31T08:00"
    parser.add_argument("--since", default="24h", help=f"where the window begins: {when}")
    parser.add_argument("--labels", help="a table of labels: request id, row and the target")
    parser.add_argument("--query", help="the SQL query, where --labels is a database URL")
    parser.add_argument("--label", default="", help="its column (default: the target's name)")
    parser.add_argument("--stack", help="register and use this stack (default: the active one)")
    parser.add_argument("--model", help="the registered model (default: the only one)")
    overrides(parser)
