"""A real Docker engine: the one that runs, or one that the tests start and end."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from serving.image import alone

if TYPE_CHECKING:
    from docker import DockerClient

SECONDS = 30
NAME = "switchyard-test-engine"
# Who uses the engine holds a lock of it; it names the process that tests started.
USERS = Path(tempfile.gettempdir()) / f"{NAME}-{os.geteuid()}.users"


@contextmanager
def engine(folder: Path) -> Iterator[DockerClient]:
    """A client of the engine; one that tests started ends with the last of those who use it.

    Args:
        folder: Keeps the log of an engine that is started.
    """
    with USERS.open("a+") as users:
        with alone(NAME):
            client = _entered(users, folder / "dockerd.log")
        try:
            with closing(client):
                yield client
        finally:
            with alone(NAME):
                _leave(users)


def _entered(users: TextIO, log: Path) -> DockerClient:
    client = answering()
    if _is_free(users):
        # What runs already is nobody's of these.
        users.truncate(0)
    if client is None:
        daemon = start(log)
        try:
            client = wait(daemon, log)
        except BaseException:
            daemon.terminate()
            raise
        users.write(str(daemon.pid))
        users.flush()
    fcntl.flock(users, fcntl.LOCK_SH)
    return client


def _leave(users: TextIO) -> None:
    """End an engine that tests started, unless others of them use it."""
    if not _is_free(users):
        return
    users.seek(0)
    if pid := users.read():
        users.truncate(0)
        os.kill(int(pid), signal.SIGTERM)
        with suppress(ChildProcessError):
            os.waitpid(int(pid), 0)
        # It may be the child of another session, which has ended.
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.1)


def _is_free(users: TextIO) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def answering() -> DockerClient | None:
    """A client of the engine that runs; None when none answers."""
    import docker
    from docker.errors import DockerException

    try:
        # Already this asks for the engine's version.
        client = docker.from_env()
    except DockerException:
        return None
    try:
        client.ping()
    except DockerException:
        client.close()
        return None
    return client


def start(log: Path) -> subprocess.Popen[bytes]:
    """Start the engine with its usual settings, since a second one beside it would harm it."""
    program = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert program, "No Docker engine answers, and none is installed: apt-get install docker.io"
    assert os.geteuid() == 0, "No Docker engine answers, and only root may start one: start dockerd"
    with log.open("wb") as stream:
        return subprocess.Popen([program], stdout=stream, stderr=stream, start_new_session=True)


def wait(daemon: subprocess.Popen[bytes], log: Path) -> DockerClient:
    """The client of an engine that is starting; a failure carries the engine's own words."""
    for _ in range(SECONDS * 10):
        if client := answering():
            return client
        # Where two test sessions start one at the same moment, the other's answers for both.
        time.sleep(0.1)
    raise AssertionError(
        f"dockerd does not answer (status {daemon.poll()}); its log ends:\n"
        + "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    )
