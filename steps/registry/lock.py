"""One writer of a registry at a time on this machine."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir


@contextmanager
def one_writer(tracking_uri: str) -> Iterator[None]:
    """Hold the registry's lock; the kernel lets go of it when the process ends, however it ends."""
    with _held(lock_path(tracking_uri)):
        yield


@contextmanager
def one_maker(tracking_uri: str) -> Iterator[None]:
    """Let one process at a time open a registry: the first one makes the tables of its database.

    A writer opens it too: so this is another lock than that of writers.
    """
    with _held(lock_path(tracking_uri).with_suffix(".made")):
        yield


@contextmanager
def _held(path: Path) -> Iterator[None]:
    flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(path, flags, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def lock_path(tracking_uri: str) -> Path:
    """Beside a SQLite file; for a server, in this user's part of the temporary folder."""
    scheme, _, rest = tracking_uri.partition(":///")
    if scheme == "sqlite" and rest:
        return Path(f"{rest}.lock")
    name = sha256(tracking_uri.encode()).hexdigest()[:16]
    return Path(gettempdir()) / f"switchyard-registry-{os.getuid()}-{name}.lock"
