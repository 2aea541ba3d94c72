"""ZenML's dashboard on the local store, as a process of its own.

`zenml login --local` does the same, but logs the client in to that server: when it ends, every
command fails until a logout. It also asks nobody for a password. Here the client stays as it is.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from serving.errors import ConfigError, RunError

HOST = "127.0.0.1"
USER = "reviewer"
APPLICATION = "zenml.zen_server.zen_server_api:app"
# Seconds: ZenML's server imports for ten on a machine that does something else.
PATIENCE, GRACE = 120.0, 15.0


@dataclass(frozen=True)
class Dashboard:
    """A dashboard that runs.

    Args:
        password: Empty where it was started before: it is told once and kept nowhere.
    """

    url: str
    pid: int
    user: str = USER
    password: str = ""


def start(home: Path, port: int = 0) -> Dashboard:
    """Serve the dashboard of this client's local store; the one that runs already, where one does.

    Args:
        home: Where its record and log are kept.
        port: 0 for a free one.

    Raises:
        ConfigError: The port is taken.
        RunError: The server did not come up.
    """
    home.mkdir(parents=True, exist_ok=True)
    with _lock(home) as lock:
        if lock is None:
            return _recorded(home)
        port = _free(port)
        password = _admit()
        return _launch(home, lock, port, password)


def stop(home: Path) -> bool:
    """End the dashboard; False when none runs.

    Raises:
        RunError: It does not end.
    """
    home.mkdir(parents=True, exist_ok=True)
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 5.0)):
        with _lock(home) as lock:
            if lock is not None:
                return number != signal.SIGTERM
        os.kill(_recorded(home).pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with _lock(home) as lock:
                if lock is not None:
                    return True
            time.sleep(0.05)
    raise RunError(f"Process {_recorded(home).pid}, the dashboard's, does not end.")


@contextmanager
def _lock(home: Path) -> Iterator[int | None]:
    """The lock that a running dashboard holds; None where one does."""
    file = os.open(home / "dashboard.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file
    except BlockingIOError:
        yield None
    finally:
        os.close(file)


def _recorded(home: Path) -> Dashboard:
    try:
        return Dashboard(**json.loads((home / "dashboard.json").read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise RunError("The dashboard is being started by another command. Try again.") from error


def _free(port: int) -> int:
    """The port if it is free, or one that is."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(
                f"--port {port} is taken ({error.strerror}). Leave it out for a free one."
            ) from error
        return int(probe.getsockname()[1])


def _admit() -> str:
    """Let a user look at the local store, by a new password, past ZenML's first questions."""
    from zenml.client import Client
    from zenml.models import UserRequest, UserUpdate

    store, password = Client().zen_store, secrets.token_urlsafe(12)
    found = Client().list_users(name=USER).items
    asked = {"finished_onboarding_survey": True, "overview_tour_done": True}
    if not found:
        request = UserRequest(name=USER, full_name="Reviewer", is_admin=False, active=True)
        found = [store.create_user(request)]
    changes = UserUpdate(password=password, active=True, email_opted_in=False, user_metadata=asked)
    store.update_user(found[0].id, changes)
    return password


def _launch(home: Path, lock: int, port: int, password: str) -> Dashboard:
    """Start the server with the lock, and wait until it answers."""
    command = [sys.executable, "-m", "uvicorn", APPLICATION, "--host", HOST, "--port", str(port)]
    log = home / "dashboard.log"
    with log.open("wb") as file:
        child = subprocess.Popen(
            [*command, "--log-level", "warning", "--no-access-log"],
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            pass_fds=(lock,),
        )
    found = Dashboard(f"http://{HOST}:{port}", child.pid)
    draft = home / f"dashboard.{os.getpid()}.tmp"
    draft.write_text(json.dumps(asdict(found)), encoding="utf-8")
    draft.replace(home / "dashboard.json")
    try:
        _await(child, found.url, log)
    except BaseException:
        child.kill()
        child.wait()
        raise
    return Dashboard(found.url, found.pid, USER, password)


def _environment(home: Path) -> dict[str, str]:
    """The settings of a ZenML server on this client's store, with a configuration of its own."""
    from zenml.config.global_config import GlobalConfiguration

    client = GlobalConfiguration()
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {
        **variables,
        "ZENML_SERVER": "true",
        "ZENML_SERVER_DEPLOYMENT_TYPE": "other",
        "ZENML_SERVER_AUTH_SCHEME": "OAUTH2_PASSWORD_BEARER",
        "ZENML_SERVER_AUTO_ACTIVATE": "true",
        "ZENML_SERVER_ALLOW_LOCAL_FILE_ACCESS": "true",
        "ZENML_SERVER_SERVER_URL": "",
        "ZENML_DISABLE_DATABASE_MIGRATION": "true",
        "ZENML_CONFIG_PATH": str(home / "zenml"),
        "ZENML_LOCAL_STORES_PATH": client.local_stores_path,
        "ZENML_STORE_URL": client.store_configuration.url,
        "ZENML_STORE_TYPE": "sql",
        "ZENML_ANALYTICS_OPT_IN": str(client.analytics_opt_in),
    }


def _await(child: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if child.poll() is not None:
            last = log.read_text(errors="replace").strip().splitlines()[-3:]
            raise RunError("The dashboard did not start:\n" + "\n".join(last))
        try:
            if httpx.get(f"{url}/ready", timeout=5.0).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RunError(f"The dashboard did not answer within {PATIENCE:g} s; see {log}.")
