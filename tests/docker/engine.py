"""A real Docker engine: the one that runs, or one that the tests start and end."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient

SECONDS = 30


@contextmanager
def engine(folder: Path) -> Iterator[DockerClient]:
    """A client of the engine; an engine that was started here ends with the block.

    Args:
        folder: Keeps the log of an engine that is started.
    """
    if client := answering():
        with closing(client):
            yield client
        return
    daemon = start(folder / "dockerd.log")
    try:
        with closing(wait(daemon, folder / "dockerd.log")) as client:
            yield client
    finally:
        daemon.terminate()
        daemon.wait(timeout=SECONDS)


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
