"""A stack on a stand-in for a cluster whose pods are containers, and the team's real servers."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.docker.client import client_of, remote_stack
from tests.docker.packages import NEEDED, closure
from tests.integration.stacks.store import KEY, SECRET
from tests.integration.team.accounts import api_key
from tests.integration.team.servers import Team
from tests.kubernetes.batch import Batch
from tests.kubernetes.containers import Node
from tests.kubernetes.jobs import Jobs
from tests.kubernetes.standin import standing_in

if TYPE_CHECKING:
    from docker import DockerClient


@pytest.fixture(scope="package")
def jobs(docker_engine: "DockerClient", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """The stand-in's jobs, at work."""
    home = tmp_path_factory.mktemp("cluster")
    environment = {"OMP_NUM_THREADS": "1"}
    node = Node(docker_engine, home.name, home / "account", environment, {"pool": "small"})
    made = Jobs(node)
    with standing_in(home, Batch(made)) as cluster:
        environment |= cluster.inside
        made.start()
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="session")
def settings(docker_engine: "DockerClient", base_image: str) -> dict[str, Any]:
    """The project's own image, with fewer packages."""
    from stacks.image import docker_settings, ensure_image

    return {"docker": docker_settings(ensure_image(docker_engine, closure(NEEDED), base_image))}


@pytest.fixture(scope="package")
def client(
    team: Team, jobs: Jobs, registry: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """This process as a client of the team's ZenML server, with the stack active."""
    from kubernetes.config import kube_config
    from zenml.client import Client

    from stacks.apply import apply
    from stacks.schema import StackFile

    home = tmp_path_factory.mktemp("client")
    with client_of(team.zenml, api_key(team, "kubernetes"), home) as patch:
        # The package reads the variable once, when it is imported.
        kubeconfig = str(jobs.node.account.parent / "kubeconfig")
        patch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", kubeconfig)
        Client().create_secret("kubernetes-s3", {"key": KEY, "secret": SECRET})
        apply(StackFile.model_validate(stack(team, registry)), active=True)
        yield home


def stack(team: Team, registry: str) -> dict[str, Any]:
    """A stack as `kubernetes.yaml` has it, as far as a pipeline without models needs one."""
    orchestrator = {
        "flavor": "kubernetes_watched",
        "kubernetes_context": "here",
        "alone": ["left", "right"],
        "pods": {"*": {"cpu": 1, "node_selectors": {"pool": "small"}}},
        "poll": 0.3,
        "patience": 60.0,
        "job_monitoring_interval": 0.5,
        "interrupt_check_interval": 0.5,
        "pod_stop_grace_period": 2,
    }
    return remote_stack("kubernetes-tested", orchestrator, registry, team.store, "kubernetes-s3")
