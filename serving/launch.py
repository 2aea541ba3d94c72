"""Starts a server's process so that it outlives its caller, and ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from serving.client import is_ready
from serving.errors import DeployError, ModelError, PortTakenError
from serving.state import EXIT_MODEL, EXIT_PORT, State, forget, process, read_state, write_state

ROOT = Path(__file__).resolve().parent.parent
# Ten seconds for requests, five for the last segments of the log.
DRAIN = 20.0
RESIDENT = (sys.executable, "-P", "-m", "serving.app")


class Process:
    """A server that is a process of this machine; see serving.runner.Runner."""

    def launch(self, home: Path, state: State, deadline: float) -> State:
        """Start a process that serves a state, and return the state with its port."""
        return launch(home, state, deadline)

    def alive(self, home: Path) -> tuple[int | None, bool]:
        """The process id, None after an orderly stop, and whether the process is alive."""
        return process(home)

    def is_ready(self, home: Path, state: State) -> bool:
        """Whether the home's own process answers."""
        return is_ready(home, state)

    def end(self, home: Path) -> bool:
        """Let the process answer what it has begun and end it; False when there is none."""
        return end(home)

    def title(self, home: Path, pid: int) -> str:  # noqa: ARG002
        """What messages call the process."""
        return f"Process {pid}"

    def log(self, home: Path) -> str:
        """Where to read what the process printed."""
        return str(home / "server.log")


def launch(home: Path, state: State, deadline: float, program: Sequence[str] = RESIDENT) -> State:
    """Start a process that serves a state, and return the state with its port.

    Args:
        program: The command line that serves the home which follows it.

    Raises:
        DeployError: The process did not answer in time; it was ended.
    """
    write_state(home, state)
    forget(home)
    path = home / "server.log"
    with path.open("ab") as log:
        begin = log.tell()
        child = subprocess.Popen(
            [*program, "--home", str(home)],
            cwd=home,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        return _wait(home, state, child, begin, deadline)
    except BaseException:
        _abandon(child)
        raise
    finally:
        # A caller that lives on would keep the server, once it ends, as a zombie.
        threading.Thread(target=child.wait, daemon=True).start()


def environment() -> dict[str, str]:
    """The caller's environment, in which this project's packages are found and compiled once."""
    # What the log holds for a moment would otherwise be returned to the system and fetched anew,
    # a page fault or two a request.
    memory = {"MALLOC_TRIM_THRESHOLD_": str(16 << 20), "MALLOC_TOP_PAD_": str(1 << 20)}
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    paths = [str(ROOT), *filter(None, [variables.get("PYTHONPATH")])]
    # onnxruntime writes to the user's cache, and may send, from its import on.
    quiet = {"ORT_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}
    return {**quiet, **memory, **variables, "PYTHONPATH": os.pathsep.join(paths)}


def end(home: Path) -> bool:
    """Let the process of a home answer what it has begun and end it; False when there is none."""
    pid, alive = process(home)
    if not alive or pid is None:
        return False
    for number, patience in ((signal.SIGTERM, DRAIN), (signal.SIGKILL, 5.0)):
        os.kill(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not process(home)[1]:
                return True
            time.sleep(0.02)
    raise DeployError(f"Process {pid}, which serves {home}, does not end.")


def _abandon(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(5.0)
    except subprocess.TimeoutExpired:
        child.kill()


def _wait(
    home: Path, state: State, child: subprocess.Popen[bytes], begin: int, deadline: float
) -> State:
    while time.monotonic() < deadline:
        if child.poll() is not None:
            log = home / "server.log"
            printed = log.read_bytes()[begin:].decode(errors="replace")
            raise explain(printed, child.returncode, f"see {log}")
        found = read_state(home) or state
        if process(home)[0] == child.pid and is_ready(home, found):
            return found
        time.sleep(0.02)
    raise DeployError(f"The server did not answer in time; see {home / 'server.log'}.")


def explain(printed: str, code: int, hint: str) -> ModelError | DeployError:
    """The reason that a process printed before it ended.

    Args:
        hint: What is told of a process that printed none.
    """
    lines = printed.splitlines()
    reasons = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if not reasons:
        return DeployError(f"The server ended with status {code}; {hint}.")
    if code == EXIT_MODEL:
        return ModelError(reasons[-1])
    return PortTakenError(reasons[-1]) if code == EXIT_PORT else DeployError(reasons[-1])
