"""The Docker daemon."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from stacks.problem import SECONDS, Problem


def ask(where: str) -> Iterator[Problem]:
    """Whether the Docker daemon answers."""
    try:
        asked = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],  # noqa: S607
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    if asked.returncode:
        remedy = "sudo systemctl start docker (`docker version` says why it does not answer)"
        yield Problem(where, "the Docker daemon does not answer", remedy, mistake=False)
