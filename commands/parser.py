"""The command line's words. Nothing heavy is imported to read them."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from typing import Any

from commands.examples import (
    COMPARE_EXAMPLES,
    DOCTOR_EXAMPLES,
    LOOP_EXAMPLES,
    MONITOR_EXAMPLES,
    PREDICT_EXAMPLES,
    TRAIN_EXAMPLES,
)
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


def parse(words: list[str]) -> argparse.Namespace:
    """Read the words of a command line; without a command they are those of `train`."""
    command = words[0] if words and not words[0].startswith("-") else "train"
    if command not in COMMANDS:
        print(
            f"error: there is no command '{command}'. {near_miss(command, COMMANDS)}",
            file=sys.stderr,
        )
        sys.exit(2)
    rest = words[1:] if words[:1] == [command] else words
    return COMMANDS[command]().parse_args(rest)


def _runner(target: str) -> Callable[[argparse.Namespace], int]:
    """A command that imports its own module only when it is called."""
    module, function = target.split(":")

    def run(options: argparse.Namespace) -> int:
        status: int = getattr(importlib.import_module(module), function)(options)
        return status

    return run


def _parser(name: str, target: str, about: str, examples: str) -> Parser:
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


def train() -> Parser:
    """The main job: train, gate and deploy."""
    about = "Train the candidates, let the best one challenge the champion, deploy what won."
    parser = _parser("train", "commands.train:run", about, TRAIN_EXAMPLES)
    parser.add_argument("--stack", help="register and use this stack (default: the active one)")
    _question(parser)
    parser.add_argument("--force", action="store_true", help="run even when nothing has changed")
    parser.add_argument("--no-cache", action="store_true", help="compute every step anew")
    parser.add_argument("--no-deploy", action="store_true", help="stop after the gate")
    when = "five fields of cron: let the stack do this at those times, and not now"
    parser.add_argument("--schedule", metavar="CRON", help=when)
    return parser


def _question(parser: Parser) -> None:
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
    _overrides(parser)


def _overrides(parser: Parser) -> None:
    """Values laid over the config."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="lay a value over the config",
    )


def compare() -> Parser:
    """The same training on several stacks, side by side."""
    about = "Train the same on several stacks and show whether each comes to the same."
    parser = _parser("compare", "commands.compare:run", about, COMPARE_EXAMPLES)
    parser.add_argument("--stacks", required=True, metavar="A,B", help="the stacks, by name")
    _question(parser)
    parser.add_argument("--no-deploy", action="store_true", help="compare no served answers")
    return parser


def doctor() -> Parser:
    """What would fail on a stack, before anything is built."""
    about = "Tell what would fail on a stack, and what a run there costs, before anything is built."
    parser = _parser("doctor", "commands.doctor:run", about, DOCTOR_EXAMPLES)
    parser.add_argument("--stack", help="a stack's name or file (default: the active one)")
    _question(parser)
    parser.add_argument("--no-deploy", action="store_true", help="look at the training alone")
    return parser


def predict() -> Parser:
    """Predictions for a whole table."""
    about = "Predict every row of a table with the champion, in batches, from its ONNX model."
    parser = _parser("predict", "commands.predict:run", about, PREDICT_EXAMPLES)
    parser.add_argument("--data", required=True, help="a table: a file, a directory, a URI")
    parser.add_argument("--query", help="the SQL query, where --data is a database URL")
    parser.add_argument("--out", required=True, help="where to write: a .csv or .parquet")
    parser.add_argument("--stack", help="register and use this stack (default: the active one)")
    parser.add_argument("--model", help="the registered model (default: the only one)")
    parser.add_argument("--version", default="", help="a version (default: the champion)")
    kept = "columns to carry over: ids (those the model does not read), all, none, or A,B"
    parser.add_argument("--keep", default="ids", help=kept)
    parser.add_argument(
        "--faulty",
        choices=["refuse", "mark"],
        default="refuse",
        help="a row that breaks the model's contract: end the run, or write it with the reason",
    )
    parser.add_argument("--batch", type=int, default=100_000, help="rows at a time")
    return parser


def monitor() -> Parser:
    """A window of served rows against the champion's training."""
    about = "Hold what the champion saw and answered against its training, and give a verdict."
    parser = _parser("monitor", "commands.monitor:run", about, MONITOR_EXAMPLES)
    parser.add_argument("--until", help="where it ends (default: now)")
    parser.add_argument("--act", action="store_true", help="do what the policy says of the verdict")
    _window(parser)
    return parser


def loop() -> Parser:
    """Monitoring as a service of this machine."""
    about = "Judge a window every so often, and do what the policy says: alert or retrain."
    parser = _parser("loop", "commands.loop:run", about, LOOP_EXAMPLES)
    parser.add_argument("--every", default="10m", help="30s, 10m, 24h or 7d (default: 10m)")
    parser.add_argument("--times", type=int, default=0, help="end after so many (default: never)")
    _window(parser)
    return parser


def _window(parser: Parser) -> None:
    """Which rows are judged, and where their labels are."""
    when = "90m, 24h, 7d, 2w back, or a time such as 2026-01-31T08:00"
    parser.add_argument("--since", default="24h", help=f"where the window begins: {when}")
    parser.add_argument("--labels", help="a table of labels: request id, row and the target")
    parser.add_argument("--query", help="the SQL query, where --labels is a database URL")
    parser.add_argument("--label", default="", help="its column (default: the target's name)")
    parser.add_argument("--stack", help="register and use this stack (default: the active one)")
    parser.add_argument("--model", help="the registered model (default: the only one)")
    _overrides(parser)


def history() -> Parser:
    """Which version was champion when, and why."""
    about = "Show which version was champion when, and why."
    examples = "example:\n  python run.py history --model flights-late"
    parser = _parser("history", "commands.versions:history", about, examples)
    parser.add_argument("--model", help="the registered model (default: the only one)")
    return parser


def rollback() -> Parser:
    """Return to the champion before this one."""
    about = "Make the champion before this one the champion again, deploy it, and record that."
    examples = 'example:\n  python run.py rollback --reason "late labels show a drop"'
    parser = _parser("rollback", "commands.versions:rollback", about, examples)
    parser.add_argument("--model", help="the registered model (default: the only one)")
    parser.add_argument("--to", metavar="VERSION", help="a version (default: the one before)")
    parser.add_argument("--reason", default="", help="why, for the history")
    return parser


def status() -> Parser:
    """What is served where."""
    about = "Show which models the active stack's deployer serves, and where."
    return _parser(
        "status", "commands.services:status", about, "example:\n  python run.py status --json"
    )


def stop() -> Parser:
    """Stop serving."""
    about = "Stop serving a model; its versions and its log stay."
    examples = "example:\n  python run.py stop flights-late"
    parser = _parser("stop", "commands.services:stop", about, examples)
    parser.add_argument("model", nargs="?", help="the served model (default: the only one)")
    return parser


def unschedule() -> Parser:
    """The end of a schedule."""
    about = "End a training that recurs: where it is kept, and ZenML's record of it."
    examples = "example:\n  python run.py unschedule flights-late"
    parser = _parser("unschedule", "commands.schedule:unschedule", about, examples)
    parser.add_argument("name", nargs="?", help="the scheduled model (default: the only one)")
    return parser


def stack() -> Parser:
    """Stack files as desired state."""
    about = "List, show and check stacks, plan and apply their files, export or delete them."
    examples = (
        "examples:\n  python run.py stack plan local\n"
        "  python run.py stack export local -o mine.yaml\n"
        "  python run.py stack delete old --components\n"
    )
    parser = _parser("stack", "commands.stack:run", about, examples)
    actions = ["list", "show", "plan", "apply", "check", "set", "export", "delete"]
    parser.add_argument("action", choices=actions)
    parser.add_argument("name", nargs="?", help="a stack's name or file")
    parser.add_argument(
        "--resolved", action="store_true", help="export: a file for `zenml stack import`"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="export: where to write it")
    parser.add_argument(
        "--components", action="store_true", help="delete: and what no other stack uses of it"
    )
    return parser


COMMANDS: dict[str, Callable[[], Parser]] = {
    "train": train,
    "compare": compare,
    "doctor": doctor,
    "predict": predict,
    "monitor": monitor,
    "loop": loop,
    "history": history,
    "rollback": rollback,
    "status": status,
    "stop": stop,
    "unschedule": unschedule,
    "stack": stack,
}
