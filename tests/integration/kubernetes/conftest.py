"""A stack on a stand-in for a cluster whose pods are containers, and the team's real servers."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.docker.packages import NEEDED, closure
from tests.integration.stacks.store import KEY, SECRET
from tests.integration.team.accounts import api_key
from tests.integration.team.servers import Team
from tests.kubernetes.batch import Batch
from tests.kubernetes.containers import Node
from tests.kubernetes.jobs import Jobs
from tests.kubernetes.standin import standing_in
from tests.workplace import ROOT

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
    from zenml.config.global_config import GlobalConfiguration
    from zenml.utils import source_utils

    from stacks.apply import apply
    from stacks.schema import StackFile

    home = tmp_path_factory.mktemp("client")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZENML_CONFIG_PATH", str(home))
        patch.setenv("ZENML_LOCAL_STORES_PATH", str(home / "stores"))
        patch.setenv("ZENML_ANALYTICS_OPT_IN", "false")
        patch.setenv("ZENML_STORE_URL", team.zenml)
        patch.setenv("ZENML_STORE_API_KEY", api_key(team, "kubernetes"))
        # The package reads the variable once, when it is imported.
        kubeconfig = str(jobs.node.account.parent / "kubeconfig")
        patch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", kubeconfig)
        patch.setattr(source_utils, "_CUSTOM_SOURCE_ROOT", str(ROOT))
        GlobalConfiguration._reset_instance()
        Client._reset_instance()
        Client().create_secret("kubernetes-s3", {"key": KEY, "secret": SECRET})
        apply(StackFile.model_validate(stack(team, registry)), active=True)
        yield home
    GlobalConfiguration._reset_instance()
    Client._reset_instance()


def stack(team: Team, registry: str) -> dict[str, Any]:
    """A stack as `kubernetes.yaml` has it, as far as a pipeline without models needs one."""

    def one(flavor: str, **configuration: object) -> list[dict[str, object]]:
        return [{"name": "kubernetes-tested", "flavor": flavor, "configuration": configuration}]

    keys = {"key": "{{kubernetes-s3.key}}", "secret": "{{kubernetes-s3.secret}}"}
    quirks = {
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    pods = {"*": {"cpu": 1, "node_selectors": {"pool": "small"}}}
    return {
        "stack_name": "kubernetes-tested",
        "components": {
            "orchestrator": one(
                "kubernetes_watched",
                kubernetes_context="here",
                alone=["left", "right"],
                pods=pods,
                poll=0.3,
                patience=60.0,
                job_monitoring_interval=0.5,
                interrupt_check_interval=0.5,
                pod_stop_grace_period=2,
            ),
            "container_registry": one("default", uri=registry),
            "image_builder": one("local"),
            "artifact_store": one(
                "s3",
                path="s3://bucket",
                client_kwargs={"endpoint_url": team.store.endpoint, "region_name": "us-east-1"},
                config_kwargs=quirks,
                **keys,
            ),
        },
    }
