"""Applies that die halfway, or that run at the same time."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from stacks.apply import apply, plan_stack
from stacks.plan import Plan
from stacks.registered import registered_stacks
from stacks.schema import load_stack
from tests.integration.stacks.conftest import ROOT

pytestmark = pytest.mark.usefixtures("zenml")

# Dies by SIGKILL, which nothing can tidy up after, when it is about to make its fourth component.
KILLED = """
import os, signal
from zenml.client import Client
from stacks.apply import apply
from stacks.schema import load_stack

create, made = Client.create_stack_component, []

def create_or_die(self, *words, **settings):
    if len(made) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    made.append(words)
    return create(self, *words, **settings)

Client.create_stack_component = create_or_die
apply(load_stack("local", {}), active=True)
"""

AT_ONCE = """
from stacks.apply import apply
from stacks.registered import registered_stacks
from stacks.schema import load_stack

registered_stacks()
print("ready", flush=True)
input()
apply(load_stack("local", {}))
"""


def start(script: str, environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a script in a process of its own."""
    # In a file, since ZenML looks for its sources beside the script.
    path = Path(environment["ZENML_CONFIG_PATH"]) / "script.py"
    path.write_text(script)
    return subprocess.Popen(
        [sys.executable, str(path)],
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def await_line(process: "subprocess.Popen[str]", line: str) -> None:
    """Read what a process prints until it prints this line."""
    assert process.stdout is not None
    assert line in (read.strip() for read in process.stdout)


@pytest.mark.fault(
    kind="kill -9",
    where="`stack apply`, before its fourth component",
    promise="The plan names exactly what is missing.",
    then="the next `stack apply`",
)
def test_what_was_killed_halfway_is_finished_by_the_next(environment: Mapping[str, str]) -> None:
    registered_stacks()
    process = start(KILLED, environment)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL, output
    file = load_stack("local", {})
    left = [change.kind for change in plan_stack(file).changes]
    assert len(left) == 4
    assert left[-1] == "stack"
    apply(file)
    assert plan_stack(file) == Plan()
    assert registered_stacks().count("local") == 1


@pytest.mark.fault(
    kind="at once",
    where="two `stack apply` on one local store",
    promise="Both succeed, and leave one stack.",
    then="nothing is needed",
)
def test_two_that_apply_at_once_both_succeed(environment: Mapping[str, str]) -> None:
    from zenml.client import Client

    client = Client()
    client.delete_stack("local", recursive=True)
    processes = [start(AT_ONCE, environment) for _ in range(2)]
    for process in processes:
        await_line(process, "ready")
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert plan_stack(load_stack("local", {})) == Plan()
