"""What is said when a disk is full."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from serving.errors import RunError


@contextmanager
def told_when_full(path: str) -> Iterator[None]:
    """Turn a full disk into an error that names what could not be written.

    Raises:
        RunError: There is no space left.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        folder = PurePosixPath(path).parent
        raise RunError(
            f"No space left for '{path}'. Free some below '{folder}', then run again: what was "
            "finished is taken from the cache."
        ) from error
