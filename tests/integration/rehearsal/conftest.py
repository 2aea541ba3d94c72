"""What a rehearsal needs, for real: Docker, a registry, a store and a ZenML server."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement

from tests.integration.rehearsal.servers import Server, zenml_server
from tests.integration.stacks.store import KEY, SECRET, Store, store_in
from tests.workplace import ROOT, Workplace

if TYPE_CHECKING:
    from docker import DockerClient

Rehearse = Callable[[str], dict[str, Any]]

# Of what a step imports, the part that these pipelines need: the rest makes the image no truer.
NEEDED = ("boto3", "kfp", "kubernetes", "s3fs", "zenml")
STACK = """
stack_name: rehearsed
components:
  orchestrator:
    name: rehearsed
    flavor: kubeflow_rehearsal
    configuration: {network: host}
  container_registry: {name: rehearsed, flavor: default, configuration: {uri: "${REGISTRY}"}}
  image_builder: {name: rehearsed, flavor: local}
  artifact_store:
    name: rehearsed
    flavor: s3
    configuration:
      path: s3://bucket
      key: "{{rehearsed.key}}"
      secret: "{{rehearsed.secret}}"
      client_kwargs: {endpoint_url: "${ENDPOINT}", region_name: us-east-1}
      config_kwargs:
        request_checksum_calculation: when_required
        response_checksum_validation: when_required
"""


@pytest.fixture(scope="session")
def training_image(docker_engine: "DockerClient", base_image: str) -> str:
    """The project's own image, with fewer packages."""
    from stacks.image import ensure_image

    return ensure_image(docker_engine, closure(NEEDED), base_image)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where everything of this session lies."""
    return tmp_path_factory.mktemp("rehearsal")


@pytest.fixture(scope="session")
def store(place: Path) -> Iterator[Store]:
    """The artifact store."""
    with store_in(place / "store") as found:
        yield found


@pytest.fixture(scope="session")
def server(place: Path) -> Iterator[Server]:
    """The ZenML server, which knows the store's secret."""
    with zenml_server(place / "server", {"rehearsed": {"key": KEY, "secret": SECRET}}) as found:
        yield found


@pytest.fixture(scope="session")
def environment(
    place: Path, store: Store, server: Server, registry: str, training_image: str
) -> Mapping[str, str]:
    """What a client needs to use all of it."""
    return {
        **Workplace(place / "home").environment,
        "ZENML_STORE_URL": server.url,
        "ZENML_STORE_API_KEY": server.key,
        "ZENML_CUSTOM_SOURCE_ROOT": str(ROOT),
        "REGISTRY": registry,
        "ENDPOINT": store.endpoint,
        "TRAINING_IMAGE": training_image,
    }


@pytest.fixture(scope="session")
def rehearse(environment: Mapping[str, str], place: Path) -> Rehearse:
    """Run one of the pipelines on the stack; what it says of how that ended."""
    (place / "home").mkdir()
    (place / "rehearsed.yaml").write_text(STACK)

    def run(name: str) -> dict[str, Any]:
        program = [sys.executable, "-m", "tests.integration.rehearsal.pipelines"]
        done = subprocess.run(
            [*program, str(place / "rehearsed.yaml"), name],
            cwd=ROOT,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run


def closure(names: tuple[str, ...]) -> list[str]:
    """These packages and all that they need, with the versions that are installed here."""
    pins: dict[str, str] = {}
    left = [Requirement(name) for name in names]
    while left:
        wanted = left.pop()
        if wanted.name in pins:
            continue
        found = distribution(wanted.name)
        pins[wanted.name] = f"{found.name}=={found.version}"
        needs = map(Requirement, found.requires or ())
        left += [each for each in needs if not each.marker or each.marker.evaluate({"extra": ""})]
    return sorted(set(pins.values()))
