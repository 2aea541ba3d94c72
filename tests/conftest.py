"""What holds for every test, set before a test imports anything."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from docker import DockerClient

    from tests.airflow.server import AirflowServer
    from tests.docker.cluster import Cluster

# onnxruntime and MLflow send telemetry from their import on, unless they are told not to.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

# A deadline is a stopwatch, and a busy machine is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# ZenML takes the folder of the program for the root of all sources, and a process of `-n` has none.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = str(Path(pytest.__file__).with_name("__main__.py"))

# What takes a minute to start is started by one process alone, in which all its tests run; those
# groups are the longest and begin first.
COSTLY = {
    "containers": (
        "tests/chaos/test_docker_restarted.py",
        "tests/chaos/test_registry_down.py",
        "tests/conformance/deployers/",
        "tests/conformance/stacks/test_containers.py",
        "tests/integration/airflow/",
        "tests/integration/rehearsal/",
        "tests/integration/serving/docker/",
        "tests/integration/serving/test_seldon_local.py",
        "tests/integration/stacks/test_resident_docker.py",
        "tests/integration/test_local_seldon.py",
        "tests/integration/test_rollback.py",
    ),
    "team": (
        "tests/chaos/test_crowd.py",
        "tests/chaos/test_zenml_down.py",
        "tests/integration/kubeflow/",
        "tests/integration/kubernetes/",
        "tests/integration/team/",
    ),
}
# Which groups may start what; an engine is one for both.
FIXTURES = {
    "docker_engine": {"containers", "team"},
    "base_image": {"containers", "team"},
    "seldon_cache": {"containers"},
    "servers": {"containers"},
    "team": {"team"},
    "airflow": {"containers"},
}


class ByGroup(LoadScopeScheduling):
    """Deals the tests to processes: those of a costly server together, the others by file."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroup:
    """How `-n` deals the tests: in the order below, and not the groups of most tests first."""
    config.option.loadscopereorder = False
    return ByGroup(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest groups begin first, and no test outside of them start what they share."""
    order = {name: place for place, name in enumerate(COSTLY)}
    items.sort(key=lambda item: order.get(group_of(item.nodeid), len(order)))
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        for name in used & set(FIXTURES):
            if group_of(item.nodeid) not in FIXTURES[name]:
                named = " or ".join(sorted(FIXTURES[name]))
                raise pytest.UsageError(f"{item.nodeid} belongs to {named} in tests/conftest.py.")


def group_of(nodeid: str) -> str:
    """The group of a test: its costly server, or its file."""
    path = nodeid.partition("::")[0]
    found = (name for name, paths in COSTLY.items() if path.startswith(paths))
    return next(found, path)


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
def training_image(docker_engine: "DockerClient", base_image: str) -> str:
    """The project's own image of the steps, without torch and what comes with it."""
    from stacks.image import ensure_image
    from tests.docker.packages import without_torch

    return ensure_image(docker_engine, without_torch(), base_image)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory, registry: str) -> "Iterator[Cluster]":
    """The servers that steps on other machines talk to, for real."""
    from tests.docker.cluster import cluster_in

    with cluster_in(tmp_path_factory.mktemp("cluster"), registry) as found:
        yield found


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[AirflowServer]":
    """A real Airflow."""
    from tests.airflow.server import airflow_in

    with airflow_in(tmp_path_factory.mktemp("airflow")) as found:
        yield found


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
