"""The life of a Seldon microservice of this machine: serve a version, ask for it, stop it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from serving import resident, seldon_environment
from serving.client import ask
from serving.errors import ConfigError, DeployError, ModelError
from serving.launch import Process, environment, explain, launch
from serving.seldon_app import GROUP
from serving.settings import ServerSettings
from serving.spec import Endpoint, ServiceSpec
from serving.state import State, deploy_lock, process, read_state, write_state

# Lies in a home for as long as two versions are loaded.
ROLLING = "rolling"


class Microservice(Process):
    """The runner of a process that is seldon-core-microservice; see serving.runner."""

    def launch(self, home: Path, state: State, deadline: float) -> State:
        """Start a process that serves a state, after what one that died has left of itself."""
        sweep(home)
        (home / ROLLING).unlink(missing_ok=True)
        try:
            return launch(home, state, deadline, program())
        except BaseException:
            sweep(home)
            raise

    def end(self, home: Path) -> bool:
        """Let the process answer what it has begun, and end it and its children."""
        ended = super().end(home)
        sweep(home, patience=5.0)
        return ended

    def roll(self, home: Path, state: State, wanted: State, deadline: float) -> State:
        """Let a second worker load the version, and end the first once the second answers.

        A worker that cannot load ends the whole microservice, so that the bundle is loaded in a
        process of its own before.
        """
        preflight(home, wanted, deadline, f" Version '{state.version}' still answers.")
        before = _identity(state)
        with _rolling(home):
            write_state(home, wanted)
            try:
                _signal(home, signal.SIGTTIN)
                _await(home, wanted, deadline)
                _signal(home, signal.SIGTTOU)
                _await_end(before.get("worker"), deadline)
            except BaseException:
                self._return(home, state)
                raise
        return wanted

    def mend(self, home: Path, timeout: float) -> None:
        """End a roll whose deployment was killed: two versions may answer."""
        with deploy_lock(home, timeout):
            state = read_state(home)
            if state is not None and process(home)[1]:
                self._settle(home, state, time.monotonic() + timeout)

    def _settle(self, home: Path, state: State, deadline: float) -> None:
        """Leave one worker, of the version that the state names."""
        with _rolling(home):
            _signal(home, signal.SIGHUP)
            _await_alone(home, state, deadline)

    def _return(self, home: Path, state: State) -> None:
        write_state(home, state)
        deadline = time.monotonic() + 30.0
        if process(home)[1]:
            self._settle(home, state, deadline)
        else:
            self.launch(home, state, deadline)


MICROSERVICE = Microservice()


def serve(
    home: Path,
    spec: ServiceSpec,
    server: ServerSettings | None = None,
    *,
    timeout: float = 60.0,
) -> Endpoint:
    """Serve a version as `resident.serve` does; it answers Seldon v1 over HTTP alone.

    The environment is built first where it is not, in its own time.

    Raises:
        ConfigError: TLS or gRPC is asked for.
    """
    if server is not None and server.certificate:
        raise ConfigError("The Seldon microservice speaks no TLS here: leave 'certificate' out.")
    if server is not None and server.grpc_port is not None:
        raise ConfigError("The Seldon microservice speaks no gRPC here: leave 'grpc_port' out.")
    program()
    if (home / ROLLING).exists():
        MICROSERVICE.mend(home, timeout)
    served = resident.serve(home, spec, server, timeout=timeout, runner=MICROSERVICE)
    return _spoken(served)


def status(home: Path) -> Endpoint | None:
    """What a home serves or served; None where nothing was ever deployed."""
    found = resident.status(home, runner=MICROSERVICE)
    return None if found is None else _spoken(found)


def stop(home: Path, *, timeout: float = 60.0) -> bool:
    """End a home's server after its last answer; False when none was running."""
    return resident.stop(home, timeout=timeout, runner=MICROSERVICE)


def program() -> tuple[str, ...]:
    """The command line that serves a home, in the microservice's environment."""
    # What ships the prediction log runs here, where the drivers of stores are.
    here = ("--shipper", sys.executable)
    return (str(seldon_environment.python()), "-P", "-m", "serving.seldon_app", *here)


def preflight(home: Path, wanted: State, deadline: float, still: str = "") -> None:
    """Load a bundle in the environment that is to serve it.

    Args:
        still: What is told besides, where it does not load.

    Raises:
        ModelError: It does not load there.
    """
    bundle = str(home / "versions" / wanted.bundle)
    words = ["--home", str(home), "--check", bundle, "--digest", wanted.digest]
    left = max(deadline - time.monotonic(), 1.0)
    try:
        done = subprocess.run(
            [*program(), *words], env=environment(), capture_output=True, text=True, timeout=left
        )
    except subprocess.TimeoutExpired as error:
        raise DeployError(f"The bundle {bundle} did not load within {left:.0f} s.") from error
    if done.returncode:
        reason = explain(done.stderr, done.returncode, done.stderr.strip()[-300:])
        raise ModelError(f"{reason}{still}")


def sweep(home: Path, *, patience: float = 0.0) -> None:
    """End what is left of a group whose first process has ended.

    Args:
        patience: Seconds in which it may end by itself.

    Raises:
        DeployError: Something of it does not end.
    """
    try:
        file = (home / GROUP).open()
    except FileNotFoundError:
        return
    with file:
        number = file.read().strip()
        begin = time.monotonic()
        while not _free(file):
            waited = time.monotonic() - begin
            if number.isdigit() and waited >= patience:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(int(number), signal.SIGKILL)
            if waited > patience + 5.0:
                raise DeployError(f"Process group {number}, which served {home}, does not end.")
            time.sleep(0.02)


def _spoken(endpoint: Endpoint) -> Endpoint:
    return replace(endpoint, predict_url="")


def _free(file: Any) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _rolling(home: Path) -> Iterator[None]:
    (home / ROLLING).touch()
    yield
    (home / ROLLING).unlink(missing_ok=True)


def _signal(home: Path, number: int) -> None:
    pid, alive = process(home)
    if pid is None or not alive:
        raise DeployError(f"The microservice ended; see {home / 'server.log'}.")
    os.kill(pid, number)


def _identity(state: State) -> dict[str, Any]:
    """What the worker that happens to answer says of itself."""
    answer = ask(state, "GET", "/readyz", timeout=2.0)
    return answer[1] if answer is not None and answer[0] == 200 else {}


def _await(home: Path, wanted: State, deadline: float) -> dict[str, Any]:
    """Wait until a worker answers with a version."""
    while time.monotonic() < deadline:
        found = _identity(wanted)
        if (found.get("version"), found.get("digest")) == (wanted.version, wanted.digest):
            return found
        if not process(home)[1]:
            raise DeployError(f"The microservice ended; see {home / 'server.log'}.")
        time.sleep(0.02)
    message = f"Version '{wanted.version}' did not answer in time"
    raise DeployError(f"{message}; see {home / 'server.log'}.")


def _await_end(worker: object, deadline: float) -> None:
    """Wait until a worker that was told to end has given its last answer."""
    while isinstance(worker, int):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        if time.monotonic() > deadline:
            raise DeployError(f"Worker {worker} goes on with the version before.")
        time.sleep(0.02)


def _await_alone(home: Path, wanted: State, deadline: float) -> None:
    """Wait until, for longer than a worker takes to stop, one alone has answered."""
    since, only = time.monotonic(), _await(home, wanted, deadline)
    while time.monotonic() - since < 1.5:
        found = _identity(wanted)
        if found != only:
            since, only = time.monotonic(), _await(home, wanted, deadline)
        time.sleep(0.05)
