"""A stand-in for python:3.11-slim, made without an image registry: Debian's own Python 3.11."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from serving.image import alone

if TYPE_CHECKING:
    from docker import DockerClient

REPOSITORY = "switchyard-test-base"
UNREAD = ("doc", "man", "locale", "info")
RECIPE = (
    "mmdebstrap",
    "--quiet",
    "--variant=essential",
    "--include=ca-certificates,libstdc++6,python3,python3-pip",
    *(f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in UNREAD),
    "--dpkgopt=force-unsafe-io",
    '--aptopt=Acquire::Languages "none"',
    # As in the official image, pip installs for all, and the command is `python`.
    '--customize-hook=rm "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
    '--customize-hook=ln -s python3 "$1"/usr/bin/python',
    "bookworm",
)
ENVIRONMENT = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV UV_SYSTEM_PYTHON=1 UV_COMPILE_BYTECODE=1",
)
TAG = hashlib.sha256("\n".join((*RECIPE, *ENVIRONMENT)).encode()).hexdigest()[:12]
NAME = f"{REPOSITORY}:{TAG}"


def base_image(client: DockerClient) -> str:
    """The name of the base image, which the engine keeps for as long as the recipe is the same."""
    with alone(NAME):
        if not client.images.list(name=NAME):
            with tempfile.TemporaryDirectory() as folder:
                _make(client, Path(folder) / "base.tar")
    return NAME


def _make(client: DockerClient, file: Path) -> None:
    assert shutil.which(RECIPE[0]), f"{RECIPE[0]} is not installed: apt-get install {RECIPE[0]}"
    done = subprocess.run([*RECIPE, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, f"{RECIPE[0]} failed:\n{done.stderr[-2000:]}"
    client.api.import_image(
        src=str(file), repository=REPOSITORY, tag=TAG, changes=list(ENVIRONMENT)
    )
