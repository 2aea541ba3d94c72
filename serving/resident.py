"""The life of a resident server: serve a version, try another one out beside it, stop it.

Each takes the runner that holds the server: a process of this machine unless another is given.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from serving.client import ask, base_url, endpoint, observation
from serving.errors import DeployError, ModelError, PortTakenError
from serving.launch import Process
from serving.runner import Rolls, Runner
from serving.settings import ServerSettings
from serving.spec import Endpoint, Observation, ServiceSpec, Traffic
from serving.state import State, deploy_lock, read_state, write_state
from serving.tls import leaf
from serving.versions import place, prune

PROCESS = Process()


def serve(
    home: Path,
    spec: ServiceSpec,
    server: ServerSettings | None = None,
    *,
    timeout: float = 60.0,
    runner: Runner = PROCESS,
) -> Endpoint:
    """Serve a version: from a new server, or in place of the one that the home's server holds.

    Args:
        server: How to listen; None for the settings that the home had before.
        timeout: Seconds until the version must answer.

    Raises:
        ConfigError: The certificate cannot be used.
        ModelError: The bundle is broken; the version before it still answers.
        DeployError: The server did not come up or answer.
    """
    deadline = time.monotonic() + timeout
    home = home.resolve()
    with deploy_lock(home, timeout):
        before = read_state(home)
        asked = server or _as_before(before)
        if before is not None and _await_ready(home, before, runner, deadline):
            state = _roll(home, before, spec, asked, deadline, runner)
        else:
            shown = leaf(asked)
            token = before.token if before is not None else secrets.token_urlsafe(32)
            served = (spec.name, spec.version, spec.digest, place(home, spec))
            wanted = State(*served, token, asked, shown)
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


def try_out(
    home: Path,
    spec: ServiceSpec,
    traffic: Traffic,
    *,
    timeout: float = 60.0,
    runner: Runner = PROCESS,
) -> Endpoint:
    """Load a version beside the one that serves and let it have its share of the requests.

    A trial that is under way ends first. The server holds the trial in its memory: one that is
    killed comes back with the version that serves, and without the trial.

    Raises:
        ModelError: The bundle is broken; the version that serves goes on alone.
        DeployError: Nothing is served here, or this very version is.
    """
    deadline = time.monotonic() + timeout
    home = home.resolve()
    with deploy_lock(home, timeout):
        state = _serving(home, runner, deadline)
        _check_same_service(home, state, spec, state.server)
        if (state.version, state.digest) == (spec.version, spec.digest):
            raise DeployError(f"Version '{spec.version}' of '{spec.name}' serves already.")
        wanted = _wanted(home, spec)
        _change(home, state, "try", {**wanted, "traffic": asdict(traffic)}, deadline, runner)
        prune(home, state.bundle, wanted["bundle"])
        return endpoint(state, "ready", runner.alive(home)[0])


def observe(home: Path, *, runner: Runner = PROCESS) -> Observation | None:
    """The trial of a home as far as it has come; None when none is under way."""
    state = read_state(home)
    if state is None or not runner.alive(home)[1]:
        return None
    answer = ask(state, "GET", "/admin/trial", timeout=10.0)
    if answer is None or answer[0] != 200:
        raise DeployError(f"The server at {base_url(state)} does not tell of a trial.")
    held: Any = answer[1]["trial"]
    return None if held is None else observation(held)


def finish(home: Path, *, timeout: float = 60.0, runner: Runner = PROCESS) -> Endpoint:
    """Give all traffic to the version on trial; a restart comes back with it.

    Raises:
        DeployError: No version is on trial.
    """
    return _end_trial(home, "finish", timeout, runner)


def withdraw(home: Path, *, timeout: float = 60.0, runner: Runner = PROCESS) -> Endpoint:
    """End the trial, where one is under way; the version that serves goes on alone."""
    return _end_trial(home, "withdraw", timeout, runner)


def _end_trial(home: Path, how: str, timeout: float, runner: Runner) -> Endpoint:
    deadline = time.monotonic() + timeout
    home = home.resolve()
    with deploy_lock(home, timeout):
        state = _serving(home, runner, deadline)
        state = _change(home, state, how, {}, deadline, runner)
        return endpoint(state, "ready", runner.alive(home)[0])


def _serving(home: Path, runner: Runner, deadline: float) -> State:
    """The state of a home whose server answers."""
    state = read_state(home)
    if state is None or not _await_ready(home, state, runner, deadline):
        raise DeployError(f"Nothing is served from {home}: deploy a version first.")
    return state


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


def _as_before(before: State | None) -> ServerSettings:
    return ServerSettings() if before is None else replace(before.server, port=0)


def _start(
    home: Path, before: State | None, wanted: State, deadline: float, runner: Runner
) -> State:
    """Start a server; when that fails, the home remembers what it served before."""
    try:
        if not wanted.server.port and before is not None and before.server.port:
            same = replace(wanted.server, port=before.server.port)
            try:
                return runner.launch(home, replace(wanted, server=same), deadline)
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
    home: Path,
    state: State,
    spec: ServiceSpec,
    asked: ServerSettings,
    deadline: float,
    runner: Runner,
) -> State:
    """Put another version into a running server."""
    _check_same_service(home, state, spec, asked)
    same = (state.version, state.digest) == (spec.version, spec.digest)
    if isinstance(runner, Rolls):
        return state if same else runner.roll(home, state, _next(home, state, spec), deadline)
    if same:
        # Another version may be on trial beside it, which ends here.
        return _change(home, state, "withdraw", {}, deadline, runner)
    return _change(home, state, "roll", _wanted(home, spec), deadline, runner)


def _next(home: Path, state: State, spec: ServiceSpec) -> State:
    """The state in which a home serves a version."""
    bundle = place(home, spec)
    return replace(state, version=spec.version, digest=spec.digest, bundle=bundle)


def _wanted(home: Path, spec: ServiceSpec) -> dict[str, str]:
    return {"bundle": place(home, spec), "version": spec.version, "digest": spec.digest}


def _change(
    home: Path,
    state: State,
    how: str,
    wanted: Mapping[str, object],
    deadline: float,
    runner: Runner,
) -> State:
    """Let a running server change what it serves."""
    left = max(deadline - time.monotonic(), 1.0)
    answer = ask(state, "POST", f"/admin/{how}", wanted, timeout=left)
    if answer is None:
        message = f"The server at {base_url(state)} gave no answer to '{how}' within {left:.0f} s"
        raise DeployError(f"{message}; see {runner.log(home)}.")
    code, body = answer
    if code == 409:
        raise ModelError(f"{body.get('error')} Version '{state.version}' still answers.")
    if code != 200:
        raise DeployError(f"The server refused to {how} ({code}): {body.get('error')}")
    return read_state(home) or state


def _check_same_service(home: Path, state: State, spec: ServiceSpec, asked: ServerSettings) -> None:
    if spec.name != state.name:
        message = f"{home} serves the model '{state.name}'"
        raise DeployError(f"{message}: stop it first, or give '{spec.name}' a home of its own.")
    if differing := state.server.differing(asked):
        message = f"'{state.name}' answers at {base_url(state)} with another {differing[0]}"
        raise DeployError(f"{message}: stop it first, and deploy it again with the new one.")
