"""Homes of real server processes, each ended with its test."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serving.resident import stop
from serving.spec import ServiceSpec
from serving.state import process
from tests.unit.serving.tiny import bundle

MakeSpec = Callable[..., ServiceSpec]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty home; what serves it at the end is stopped, or killed when it hangs."""
    path = tmp_path / "home"
    yield path
    if path.exists():
        stop(path)
        pid, alive = process(path)
        if alive and pid is not None:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def spec(tmp_path: Path) -> MakeSpec:
    """Writes the bundle of a version, each of which answers differently, and returns its spec."""

    def make(version: str = "1") -> ServiceSpec:
        path = tmp_path / "bundles" / version
        manifest = bundle(path, version=version, shift=float(version))
        return ServiceSpec("shop", version, str(path), manifest.digest)

    return make
