"""What a server's home holds: which version is to be served, where, and whether a process does.

HOME/service.json      what is to be served, where, and the secrets of its routes
HOME/server.pid        the process, which holds a lock on this file for as long as it lives
HOME/deploy.lock       held by whoever starts, rolls or stops the server
HOME/server.log        what the process printed
HOME/versions/         the bundles
HOME/log/              the prediction log
HOME/tls/              what a container reads of the certificate, where root deployed it
HOME/trial.json        the version that a container tries from its start on
HOME/log.json          how the log is kept and where it is shipped to, with the store's credentials
HOME/log.key           what sensitive values are hashed with in the log
HOME/shipped.json      what was shipped since the server started
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import orjson

from serving.errors import DeployError
from serving.settings import ServerSettings

# How the process tells the causes of a failed start apart.
EXIT_MODEL, EXIT_PORT, EXIT_OTHER = 3, 4, 5


@dataclass(frozen=True, slots=True)
class State:
    """What a server is to serve, kept so that it comes back the same after a crash.

    Args:
        bundle: The name of the bundle's directory in HOME/versions.
        token: What the admin route asks for.
        server: How it listens; its port is 0 until the first start found a free one.
        trust: The certificate that the running process shows, as PEM text; empty without TLS.
    """

    name: str
    version: str
    digest: str
    bundle: str
    token: str
    server: ServerSettings
    trust: str = ""


def read_state(home: Path) -> State | None:
    """The state of a home; None where nothing was ever served."""
    path = home / "service.json"
    try:
        fields = orjson.loads(path.read_bytes())
        return State(**{**fields, "server": ServerSettings(**fields["server"])})
    except FileNotFoundError:
        return None
    except (orjson.JSONDecodeError, TypeError, KeyError) as error:
        message = f"{path} cannot be read ({error}). Remove it and deploy again."
        raise DeployError(message) from error


def write_state(home: Path, state: State) -> None:
    """Replace the state; the file holds secrets."""
    write_private(home / "service.json", orjson.dumps(asdict(state), option=orjson.OPT_INDENT_2))


def write_private(path: Path, data: bytes) -> None:
    """Replace a file of a home in one step, so that only its owner reads it."""
    home, prefix = path.parent, f".{path.stem}-"
    with tempfile.NamedTemporaryFile(dir=home, prefix=prefix, delete=False) as file:
        try:
            file.write(data)
            file.close()
            give(home, Path(file.name))
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def claim(home: Path, patience: float = 2.0) -> IO[str]:
    """Become the one server of a home for as long as the returned file is open.

    Args:
        patience: Seconds to wait for the file, which a status check may hold for a moment.
    """
    file = (home / "server.pid").open("a+")
    if not _lock(file, fcntl.LOCK_EX, patience):
        file.close()
        raise DeployError(f"Another process serves {home}.")
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def release(file: IO[str]) -> None:
    """Leave no process id behind, which tells an orderly stop from a crash."""
    file.truncate(0)
    file.close()


def forget(home: Path) -> None:
    """Drop the id of a process that died, before its successor starts."""
    path = home / "server.pid"
    path.write_text("")
    give(home, path)


def give(home: Path, path: Path) -> None:
    """Let whom the home belongs to own what root wrote into it: a container's user reads it."""
    if os.geteuid() == 0:
        owner = home.stat()
        for each in (path, *path.rglob("*")):
            os.chown(each, owner.st_uid, owner.st_gid)


def process(home: Path) -> tuple[int | None, bool]:
    """The process id of a home's server, None after an orderly stop, and whether it is alive."""
    try:
        with (home / "server.pid").open() as file:
            alive = not _lock(file, fcntl.LOCK_SH, 0.0)
            text = file.read().strip()
    except FileNotFoundError:
        return None, False
    return (int(text) if text.isdigit() else None), alive


@contextlib.contextmanager
def deploy_lock(home: Path, timeout: float) -> Iterator[None]:
    """Let one deployment at a time change a home."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "deploy.lock").open("a") as file:
        if not _lock(file, fcntl.LOCK_EX, timeout):
            message = f"Another deployment has been changing {home} for {timeout:g} s. Try again."
            raise DeployError(message)
        yield


def _lock(file: IO[str], how: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True
