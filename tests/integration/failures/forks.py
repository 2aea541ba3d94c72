"""The program, begun many times by one process that has imported what it needs.

Each line on standard input orders one command line, in a fork of its own, which may be told to
kill itself with -9: at something that is logged, or before or after a function is called for the
n-th time. It may be told to run a command of the shell there instead, and to go on. Nothing in the
program knows of that.
"""

import importlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
# None of them touches the environment, a store or the network.
WARM = (
    "commands.execution",
    "commands.interrupted",
    "commands.result",
    "commands.resume",
    "commands.summary",
    "mlflow",
    "mlflow.sklearn",
    "onnxruntime",
    "pandas",
    "pipelines.deployment",
    "pipelines.training",
    "pyarrow.parquet",
    "skl2onnx",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "stacks.apply",
    "stacks.attempt",
    "stacks.check",
    "stacks.flavors.resident",
    "zenml.zen_stores.sql_zen_store",
)


Does = Callable[[], None]


class Striking(logging.Handler):
    """Strikes where something is logged that fits, once."""

    def __init__(self, pattern: str, strike: Does) -> None:
        super().__init__()
        self.pattern, self.strike = re.compile(pattern), strike
        self.struck = False

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one message."""
        if not self.struck and self.pattern.search(record.getMessage()):
            self.struck = True
            self.strike()


def kill() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def shell(command: str) -> None:
    """Run a command of the shell, to its end."""
    subprocess.run(command, shell=True, check=True, stdin=subprocess.DEVNULL)


def arm(order: str, strike: Does = kill) -> None:
    """Prepare a strike: `log:REGEX`, `before:MODULE:NAME:N` or `after:MODULE:NAME:N`."""
    how, _, rest = order.partition(":")
    if how == "log":
        handler = Striking(rest, strike)
        for room in ("zenml", "steps"):
            logging.getLogger(room).addHandler(handler)
        return
    module, path, number = rest.split(":")
    *parts, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for part in parts:
        owner = getattr(owner, part)
    setattr(owner, name, struck(getattr(owner, name), how, int(number), strike))


def struck(real: Callable[..., Any], how: str, number: int, strike: Does) -> Callable[..., Any]:
    """The function, at whose n-th call it strikes."""
    calls = 0

    def called(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if (how, calls) == ("before", number):
            strike()
        answer = real(*arguments, **named)
        if (how, calls) == ("after", number):
            strike()
        return answer

    return called


def begin(order: dict[str, Any]) -> int:
    """Carry out one order in this fork."""
    for name, handle in (("output", 1), ("errors", 2)):
        os.dup2(os.open(order[name], os.O_CREAT | os.O_TRUNC | os.O_WRONLY), handle)
    os.environ.update(order["environment"])
    if order["kill"]:
        arm(order["kill"])
    if order["at"]:
        arm(order["at"], partial(shell, order["do"]))
    if order["call"]:
        module, function = order["call"].split(":")
        print(json.dumps(getattr(importlib.import_module(module), function)(*order["words"])))
        return 0
    import run

    return run.main(order["words"])


def main() -> None:
    """Import, then fork for each order and answer with its status."""
    sys.path.insert(0, str(ROOT))
    for name in WARM:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            status = 70
            try:
                status = begin(json.loads(line))
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
