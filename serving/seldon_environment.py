"""The environment of the Seldon microservice, which cannot share one with ZenML.

It lies in the user's cache under the digest of `seldon-requirements.txt` and the version of
Python, and is built once for all stacks and projects that ask for the same.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from serving.errors import DeployError

REQUIREMENTS = Path(__file__).with_name("seldon-requirements.txt")
# Written last: a directory without it was left half built.
BUILT = "built"
SECONDS = 600.0

log = logging.getLogger(__name__)


def python() -> Path:
    """The Python of the environment, which is built first where it is not.

    Raises:
        DeployError: It cannot be built.
    """
    place = folder(os.environ) / f"seldon-{identity(REQUIREMENTS.read_bytes())}"
    if not (place / BUILT).exists():
        with _alone(place):
            if not (place / BUILT).exists():
                build(place, REQUIREMENTS)
    return place / "bin" / "python"


def folder(variables: Mapping[str, str]) -> Path:
    """Where environments are kept: the user's cache directory."""
    cache = variables.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser().absolute() / "switchyard"


def identity(requirements: bytes) -> str:
    """What tells one environment from another."""
    machine = f"{platform.python_version()} {sys.platform} {platform.machine()}"
    return hashlib.sha256(machine.encode() + b"\n" + requirements).hexdigest()[:16]


def build(place: Path, requirements: Path) -> None:
    """Build an environment from nothing, whatever an earlier attempt left.

    Raises:
        DeployError: The installer is missing or failed.
    """
    log.info("building the Seldon microservice's environment, once, in %s", place)
    shutil.rmtree(place, ignore_errors=True)
    _run("venv", "--quiet", "--python", sys.executable, str(place))
    interpreter = ("--python", str(place / "bin" / "python"))
    # The list is whole, and holds a protobuf that not every package in it agrees with.
    options = ("--quiet", "--compile-bytecode", "--no-deps")
    _run("pip", "install", *options, *interpreter, "-r", str(requirements))
    (place / BUILT).touch()


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Let one process build at a time; the others wait for what it makes."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(*words: str) -> None:
    """Run uv, which reads none of pip's settings by itself."""
    variables = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    for ours, pips in (("UV_FIND_LINKS", "PIP_FIND_LINKS"), ("UV_INDEX_URL", "PIP_INDEX_URL")):
        if pips in variables:
            variables.setdefault(ours, variables[pips])
    try:
        done = subprocess.run(
            [_uv(), *words], env=variables, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(f"uv took more than {SECONDS:g} s") from error
    if done.returncode:
        raise _failed(done.stderr.strip()[-1000:])


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise _failed("uv is not installed (`pip install uv`)")
    return found


def _failed(reason: str) -> DeployError:
    return DeployError(f"The environment of the Seldon microservice was not built: {reason}")
