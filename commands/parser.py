"""The command line's words. Nothing heavy is imported to read them."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable

from commands.grammar.base import Parser
from commands.grammar.labelling import label_queue
from commands.grammar.serving import (
    completion,
    dashboard,
    history,
    rollback,
    status,
    stop,
)
from commands.grammar.stacks import stack
from commands.grammar.training import compare, doctor, resume, train, unschedule
from commands.grammar.watching import demo, explain, loop, monitor, predict
from serving.errors import near_miss


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
    parser = COMMANDS[command]()
    if command == "train":
        parser.epilog = f"{parser.epilog}\n{others()}"
    return parser.parse_args(rest)


def others() -> str:
    """The commands beside the one that needs no name."""
    named = ", ".join(name for name in COMMANDS if name != "train")
    return textwrap.fill(f"other commands: {named} (each has its own --help)", 96)


COMMANDS: dict[str, Callable[[], Parser]] = {
    "train": train,
    "resume": resume,
    "compare": compare,
    "doctor": doctor,
    "predict": predict,
    "monitor": monitor,
    "loop": loop,
    "label-queue": label_queue,
    "demo": demo,
    "explain-prediction": explain,
    "history": history,
    "rollback": rollback,
    "status": status,
    "stop": stop,
    "unschedule": unschedule,
    "stack": stack,
    "dashboard": dashboard,
    "completion": completion,
}
