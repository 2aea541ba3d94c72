"""What holds for every test, set before a test imports anything."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from docker import DockerClient

# onnxruntime and MLflow send telemetry from their import on, unless they are told not to.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

# What tests of several rooms start: at most once a session, and only where a test asks for it.


@pytest.fixture(scope="session")
def docker_engine(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[DockerClient]":
    """A real Docker engine; its client."""
    from tests.docker.engine import engine

    with engine(tmp_path_factory.mktemp("docker")) as client:
        yield client


@pytest.fixture(scope="session")
def base_image(docker_engine: "DockerClient") -> str:
    """The name of an image that stands for python:3.11-slim."""
    from tests.docker.base_image import base_image

    return base_image(docker_engine)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real image registry, empty at first."""
    from tests.docker.registry import registry

    with registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="session")
def seldon_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache in which the microservice's environment is built once for all tests."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(folder)
    yield folder
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before
