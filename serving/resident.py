"""The life of a resident server: serve a version, ask for its state, stop it.

Each takes the runner that holds the server: a process of this machine unless another is given.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from pathlib import Path

from serving.client import ask, base_url, endpoint
from serving.errors import DeployError, ModelError, PortTakenError
from serving.launch import Process
from serving.runner import Runner
from serving.spec import Endpoint, ServiceSpec
from serving.state import BODY_LIMIT, State, deploy_lock, read_state, write_state
from serving.versions import place, prune

PROCESS = Process()


def serve(
    home: Path,
    spec: ServiceSpec,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    timeout: float = 60.0,
    body_limit: int = BODY_LIMIT,
    runner: Runner = PROCESS,
) -> Endpoint:
    """Serve a version: from a new server, or in place of the one that the home's server holds.

    Args:
        host: The address to listen on; taken from the next start on, as is `body_limit`.
        port: 0 for the port that the home had before, or any free one.
        timeout: Seconds until the version must answer.
        body_limit: The largest request body, in bytes.

    Raises:
        ModelError: The bundle is broken; the version before it still answers.
        DeployError: The server did not come up or answer.
    """
    deadline = time.monotonic() + timeout
    home = home.resolve()
    with deploy_lock(home, timeout):
        before = read_state(home)
        if before is not None and _await_ready(home, before, runner, deadline):
            state = _roll(home, before, spec, port, deadline, runner)
        else:
            token = before.token if before is not None else secrets.token_urlsafe(32)
            served = (spec.name, spec.version, spec.digest, place(home, spec))
            wanted = State(*served, host, port, token, body_limit)
            state = _start(home, before, wanted, deadline, runner)
        prune(home, state.bundle)
        return endpoint(state, "ready", runner.alive(home)[0])


def status(home: Path, *, runner: Runner = PROCESS) -> Endpoint | None:
    """What a home serves or served; None where nothing was ever deployed."""
    state = read_state(home)
    if state is None:
        return None
    pid, alive = runner.alive(home)
    if alive:
        return endpoint(state, "ready" if runner.is_ready(home, state) else "starting", pid)
    if pid is None:
        return endpoint(state, "stopped")
    detail = (
        f"{runner.title(home, pid)} died; see {runner.log(home)}, and deploy again to restart it."
    )
    return endpoint(state, "failed", detail=detail)


def stop(home: Path, *, timeout: float = 60.0, runner: Runner = PROCESS) -> bool:
    """End a home's server after its last answer; False when none was running.

    Args:
        timeout: Seconds to wait for a deployment that is under way.
    """
    if read_state(home) is None:
        return False
    with deploy_lock(home, timeout):
        return runner.end(home)


def _await_ready(home: Path, state: State, runner: Runner, deadline: float) -> bool:
    """Wait until a server that runs already answers; False when there is none, or no more."""
    while runner.alive(home)[1]:
        if runner.is_ready(home, state):
            return True
        if time.monotonic() > deadline:
            message = f"The server of '{state.name}' does not answer; see {runner.log(home)}."
            raise DeployError(message)
        time.sleep(0.02)
    return False


def _start(
    home: Path, before: State | None, wanted: State, deadline: float, runner: Runner
) -> State:
    """Start a server; when that fails, the home remembers what it served before."""
    try:
        if not wanted.port and before is not None and before.port:
            try:
                return runner.launch(home, replace(wanted, port=before.port), deadline)
            except PortTakenError:  # Nobody asked for this port: any other will do.
                pass
        return runner.launch(home, wanted, deadline)
    except BaseException:
        if before is None:
            (home / "service.json").unlink(missing_ok=True)
        else:
            write_state(home, before)
        raise


def _roll(
    home: Path, state: State, spec: ServiceSpec, port: int, deadline: float, runner: Runner
) -> State:
    """Put another version into a running server."""
    _check_same_service(home, state, spec, port)
    if (state.version, state.digest) == (spec.version, spec.digest):
        return state
    wanted = {"bundle": place(home, spec), "version": spec.version, "digest": spec.digest}
    left = max(deadline - time.monotonic(), 1.0)
    answer = ask(state, "POST", "/admin/roll", wanted, timeout=left)
    if answer is None:
        message = f"The server at {base_url(state)} gave no answer to the roll within {left:.0f} s"
        raise DeployError(f"{message}; see {runner.log(home)}.")
    code, body = answer
    if code == 409:
        raise ModelError(f"{body.get('error')} Version '{state.version}' still answers.")
    if code != 200:
        raise DeployError(f"The server refused the roll ({code}): {body.get('error')}")
    return read_state(home) or state


def _check_same_service(home: Path, state: State, spec: ServiceSpec, port: int) -> None:
    if spec.name != state.name:
        message = f"{home} serves the model '{state.name}'"
        raise DeployError(f"{message}: stop it first, or give '{spec.name}' a home of its own.")
    if port not in (0, state.port):
        message = f"'{state.name}' answers on port {state.port}"
        raise DeployError(f"{message}: stop it first to move it to port {port}.")
