"""Homes that real containers serve, each ended with its test, and the image that they run."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serving.docker_runner import ContainerSettings
from serving.image import ensure_image
from serving.resident_docker import Containers

if TYPE_CHECKING:
    from docker import DockerClient


@pytest.fixture(scope="session")
def serving_image(docker_engine: "DockerClient", base_image: str) -> str:
    """The image of serving/Dockerfile."""
    return ensure_image(docker_engine, base_image)


@pytest.fixture(scope="session")
def containers(base_image: str) -> Containers:
    """What serves a home from a container."""
    return Containers(ContainerSettings(base_image=base_image))


@pytest.fixture
def home(containers: Containers, tmp_path: Path) -> Iterator[Path]:
    """An empty home; the container that serves it at the end is removed."""
    path = tmp_path / "home"
    yield path
    containers.stop(path)
