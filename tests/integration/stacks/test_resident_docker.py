"""The deployer of flavor resident_docker, with real containers and a real ZenML store."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from zenml.client import Client

from serving.errors import ConfigError
from serving.spec import Deployer, Traffic, Trials
from stacks.apply import apply
from tests.docker.containers import container_of
from tests.integration.stacks.conftest import MakeFile
from tests.integration.stacks.test_resident import MakeSpec, answer, deployer_of, make_spec

if TYPE_CHECKING:
    from docker import DockerClient

    from stacks.flavors.resident_docker import ResidentDockerDeployer

__all__ = ["make_spec"]

pytestmark = pytest.mark.usefixtures("zenml")


@pytest.fixture
def deployer(
    make_file: MakeFile, docker_engine: "DockerClient", base_image: str
) -> "Iterator[ResidentDockerDeployer]":
    """A deployer of this test's stack; its containers end with the test."""
    from stacks.flavors.resident_docker import ResidentDockerDeployer

    assert docker_engine
    limits = {"base_image": base_image, "memory": "256m", "cpus": 0.5}
    apply(make_file("contained", model_deployer=("contained", "resident_docker", limits)))
    made = deployer_of("contained")
    assert isinstance(made, ResidentDockerDeployer)
    yield made
    for endpoint in made.endpoints():
        made.stop(endpoint.name)


def test_a_stack_serves_rolls_tries_out_and_stops_a_container(
    deployer: "ResidentDockerDeployer",
    make_spec: MakeSpec,
) -> None:
    assert isinstance(deployer, Deployer)
    assert isinstance(deployer, Trials)
    first = deployer.serve(make_spec("kept", "1"))
    second = deployer.serve(make_spec("kept", "2"))
    assert (second.url, second.pid, second.version) == (first.url, first.pid, "2")
    assert answer(second.predict_url) == ("2", 4.0)
    deployer.try_out(make_spec("kept", "3"), Traffic("canary", 1.0))
    assert answer(second.predict_url)[0] == "3"
    third = deployer.finish("kept")
    assert deployer.endpoints() == [third]
    limits = container_of(deployer.home / "kept").attrs["HostConfig"]
    assert (limits["Memory"], limits["NanoCpus"]) == (256 << 20, 500_000_000)

    (record,) = Client().list_services(service_name="equals:zenml-kept").items
    deployer.stop_model_server(record.id)
    assert [each.status for each in deployer.endpoints()] == ["stopped"]
    deployer.start_model_server(record.id)
    assert answer(third.predict_url) == ("3", 6.0)
    assert deployer.stop("kept")
    with pytest.raises(httpx.ConnectError):
        httpx.get(third.url)


def test_what_a_server_printed_stays_readable(
    deployer: "ResidentDockerDeployer", make_spec: MakeSpec
) -> None:
    deployer.serve(make_spec("talking", "1"))
    (service,) = deployer.find_model_server(model_name="talking")
    kept = service.home / "server.log"
    deployer.stop("talking")
    kept.write_text("first\nsecond\n")
    assert list(service.get_logs(tail=1)) == ["second"]


def test_a_memory_limit_that_docker_would_not_take_is_refused(make_file: MakeFile) -> None:
    wrong = {"memory": "much"}
    with pytest.raises(ConfigError, match="memory"):
        apply(make_file("wrong", model_deployer=("wrong", "resident_docker", wrong)))
