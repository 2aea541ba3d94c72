"""What a rehearsal needs, for real: Docker, a registry, a store and a ZenML server."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.docker.cluster import Cluster
from tests.workplace import ROOT, Workplace

Rehearse = Callable[[str], dict[str, Any]]

STACK = """
stack_name: rehearsed
components:
  orchestrator:
    name: rehearsed
    flavor: kubeflow_rehearsal
    configuration: {network: host}
  container_registry:
    name: rehearsed
    flavor: default
    configuration: {uri: "${SWITCHYARD_REGISTRY}"}
  image_builder: {name: rehearsed, flavor: local}
  artifact_store:
    name: rehearsed
    flavor: s3
    configuration:
      path: s3://bucket
      key: "{{switchyard-s3.key}}"
      secret: "{{switchyard-s3.secret}}"
      client_kwargs: {endpoint_url: "${SWITCHYARD_S3_ENDPOINT}", region_name: us-east-1}
      config_kwargs:
        request_checksum_calculation: when_required
        response_checksum_validation: when_required
"""


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where everything of this session lies."""
    return tmp_path_factory.mktemp("rehearsal")


@pytest.fixture(scope="session")
def environment(place: Path, servers: Cluster, training_image: str) -> Mapping[str, str]:
    """What a client needs to use all of it."""
    return {
        **Workplace(place / "home").environment,
        **servers.environment,
        "ZENML_CUSTOM_SOURCE_ROOT": str(ROOT),
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
