"""A stack on a real Airflow, with steps in real containers, and real servers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.airflow.server import LOGIN, AirflowServer
from tests.docker.client import client_of, remote_stack
from tests.docker.cluster import Cluster

NAME = "airflow-tested"


@pytest.fixture(scope="session")
def settings(training_image: str) -> dict[str, Any]:
    """The project's own image."""
    from stacks.image import docker_settings

    return {"docker": docker_settings(training_image)}


@pytest.fixture(scope="package")
def client(
    servers: Cluster, airflow: AirflowServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """This process as a client of the ZenML server, with the stack active."""
    from stacks.apply import apply
    from stacks.schema import StackFile

    home = tmp_path_factory.mktemp("client")
    with client_of(servers.zenml.url, servers.zenml.key, home):
        apply(StackFile.model_validate(stack(servers, airflow)), active=True)
        yield home


def stack(servers: Cluster, airflow: AirflowServer) -> dict[str, Any]:
    """A stack as `airflow.yaml` has it, as far as a pipeline without models needs one."""
    orchestrator = {
        "flavor": "airflow_watched",
        "url": airflow.url,
        "dag_output_dir": str(airflow.dags),
        "network": "host",
        "alone": ["left", "right"],
        "poll": 0.3,
        "pickup": 60.0,
        "patience": 60.0,
        **{key: f"{{{{switchyard-airflow.{key}}}}}" for key in LOGIN},
    }
    return remote_stack(NAME, orchestrator, servers.registry, servers.store, "switchyard-s3")
