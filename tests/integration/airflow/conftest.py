"""A stack on a real Airflow, with steps in real containers, and the team's real servers."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.airflow.server import LOGIN, AirflowServer, airflow_in
from tests.docker.packages import NEEDED, closure
from tests.integration.stacks.store import KEY, SECRET
from tests.integration.team.accounts import api_key
from tests.integration.team.servers import Team
from tests.workplace import ROOT

if TYPE_CHECKING:
    from docker import DockerClient


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowServer]:
    """A real Airflow."""
    with airflow_in(tmp_path_factory.mktemp("airflow")) as found:
        yield found


@pytest.fixture(scope="session")
def settings(docker_engine: "DockerClient", base_image: str) -> dict[str, Any]:
    """The project's own image, with fewer packages."""
    from stacks.image import docker_settings, ensure_image

    return {"docker": docker_settings(ensure_image(docker_engine, closure(NEEDED), base_image))}


@pytest.fixture(scope="package")
def client(
    team: Team, airflow: AirflowServer, registry: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """This process as a client of the team's ZenML server, with the stack active."""
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
        patch.setenv("ZENML_STORE_API_KEY", api_key(team, "airflow"))
        patch.setattr(source_utils, "_CUSTOM_SOURCE_ROOT", str(ROOT))
        GlobalConfiguration._reset_instance()
        Client._reset_instance()
        Client().create_secret("airflow-s3", {"key": KEY, "secret": SECRET})
        Client().create_secret("airflow-login", LOGIN)
        apply(StackFile.model_validate(stack(team, airflow, registry)), active=True)
        yield home
    GlobalConfiguration._reset_instance()
    Client._reset_instance()


def stack(team: Team, airflow: AirflowServer, registry: str) -> dict[str, Any]:
    """A stack as `airflow.yaml` has it, as far as a pipeline without models needs one."""

    def one(flavor: str, **configuration: object) -> list[dict[str, object]]:
        return [{"name": "airflow-tested", "flavor": flavor, "configuration": configuration}]

    login = {key: f"{{{{airflow-login.{key}}}}}" for key in LOGIN}
    keys = {"key": "{{airflow-s3.key}}", "secret": "{{airflow-s3.secret}}"}
    quirks = {
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    return {
        "stack_name": "airflow-tested",
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
