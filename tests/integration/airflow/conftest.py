"""A stack on a real Airflow, with steps in real containers, and real servers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.airflow.server import LOGIN, AirflowServer
from tests.docker.cluster import Cluster
from tests.workplace import ROOT

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
        patch.setenv("ZENML_STORE_URL", servers.zenml.url)
        patch.setenv("ZENML_STORE_API_KEY", servers.zenml.key)
        patch.setattr(source_utils, "_CUSTOM_SOURCE_ROOT", str(ROOT))
        GlobalConfiguration._reset_instance()
        Client._reset_instance()
        apply(StackFile.model_validate(stack(servers, airflow)), active=True)
        yield home
    GlobalConfiguration._reset_instance()
    Client._reset_instance()


def stack(servers: Cluster, airflow: AirflowServer) -> dict[str, Any]:
    """A stack as `airflow.yaml` has it, as far as a pipeline without models needs one."""

    def one(flavor: str, **configuration: object) -> list[dict[str, object]]:
        return [{"name": NAME, "flavor": flavor, "configuration": configuration}]

    login = {key: f"{{{{switchyard-airflow.{key}}}}}" for key in LOGIN}
    keys = {"key": "{{switchyard-s3.key}}", "secret": "{{switchyard-s3.secret}}"}
    quirks = {
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    return {
        "stack_name": NAME,
        "components": {
            "orchestrator": one(
                "airflow_watched",
                url=airflow.url,
                dag_output_dir=str(airflow.dags),
                network="host",
                alone=["left", "right"],
                poll=0.3,
                pickup=60.0,
                patience=60.0,
                **login,
            ),
            "container_registry": one("default", uri=servers.registry),
            "image_builder": one("local"),
            "artifact_store": one(
                "s3",
                path="s3://bucket",
                client_kwargs={"endpoint_url": servers.store.endpoint, "region_name": "us-east-1"},
                config_kwargs=quirks,
                **keys,
            ),
        },
    }
