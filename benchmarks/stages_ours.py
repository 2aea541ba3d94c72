"""The pipelines of `peers/stages_zenml.py` as `run.py` runs its own: `five TABLE FOLDER [-]`.

A last word of `-` asks for a run even where nothing has changed.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from commands import record
from commands.environment import prepare

PEERS = Path(__file__).parent / "peers"
CODE = [Path(__file__), PEERS / "stages.py", PEERS / "stages_zenml.py"]


def five(table: str, folder: str, *forced: str) -> None:
    """Say what the run record knows; where it knows nothing, run the five stages."""
    asked = Namespace(**{**dict.fromkeys(record.WORDS), "data": table, "stack": "local"})
    key, identity = record.question(asked), record.fingerprint("", [*CODE, Path(table)], folder)
    known = None if forced else record.recall(key, identity)
    if known is None:
        known = {"score": run("five", table=table, folder=folder)}
        from commands.summary import stores

        record.remember(key, identity, stores() or (), known)
    print(known["score"])


def run(name: str, **arguments: Any) -> Any:
    """Run one of the pipelines on our local stack; what its last step gave."""
    from stacks.startup import leave_frameworks_out, loading

    with loading():
        prepare(verbose=False)
        from rich.console import Console

        from benchmarks.peers import stages_zenml
        from commands.execution import execute
        from commands.stack import use
        from steps.deployment.deployer import active_deployer

        use("local")
        # As a training asks: the packages of the stack's components are imported by that.
        active_deployer()
    leave_frameworks_out()
    console = Console(file=sys.stderr)
    asked = getattr(stages_zenml, name)
    done = execute(asked, arguments, model=name, console=console, quiet=False)
    return done.artifact("save" if name == "five" else list(done.steps)[-1])


def main(name: str, *words: str) -> None:
    """Run what is asked for."""
    if name == "five":
        five(*words)
    else:
        print(run("chain", count=int(words[0])))


if __name__ == "__main__":
    main(*sys.argv[1:])
