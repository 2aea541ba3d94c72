"""Real servers that tables are read from, each on a free port and in a folder of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

SECONDS = 60


@contextmanager
def running(command: list[str], port: int, user: str | None, log: Path) -> Iterator[None]:
    """A server, from its first answer until the end of the block."""
    with log.open("wb") as stream:
        server = subprocess.Popen(command, stdout=stream, stderr=stream, user=user)
    try:
        wait_until(lambda: answers(port), server, log)
        yield
    finally:
        server.terminate()
        server.wait(timeout=SECONDS)


def wait_until(done: Callable[[], bool], server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a server; it fails with the server's own log."""
    for _ in range(SECONDS * 10):
        if done():
            return
        assert server.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def answers(port: int) -> bool:
    """Whether something listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def postgres_program(name: str) -> str:
    """One of PostgreSQL's programs, where Debian or the path has it."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(places[-1]) if places else shutil.which(name)
    assert found, f"{name} is not installed: apt-get install postgresql"
    return found


@contextmanager
def postgres(folder: Path, password: str) -> Iterator[int]:
    """A PostgreSQL server that asks user `ann` for a password; its port."""
    port, secret = free_port(), folder / "password"
    user = "postgres" if os.getuid() == 0 else None
    secret.write_text(password)
    if user:
        shutil.chown(folder, user)
        shutil.chown(secret, user)
    data = str(folder / "data")
    initdb = [postgres_program("initdb"), "-D", data, "-U", "ann", "--pwfile", str(secret)]
    options = ["--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C"]
    subprocess.run([*initdb, *options], check=True, capture_output=True, user=user, cwd=folder)
    server = [postgres_program("postgres"), "-D", data, "-p", str(port), "-h", "127.0.0.1"]
    with running([*server, "-k", "", "-F"], port, user, folder / "server.log"):
        yield port


@contextmanager
def s3(folder: Path, key: str, secret: str) -> Iterator[int]:
    """An S3 store over the folders below one; its port."""
    port = free_port()
    rclone = str(Path(sys.executable).with_name("rclone"))
    address = ["--addr", f"127.0.0.1:{port}", "--auth-key", f"{key},{secret}"]
    command = [rclone, "serve", "s3", *address, "--config", os.devnull, str(folder)]
    with running(command, port, None, folder.parent / "rclone.log"):
        yield port
