"""A resident server in a container lives as one in a process does."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import tritonclient.grpc as triton

from serving.docker_runner import ContainerSettings
from serving.errors import DeployError, ModelError, PortTakenError
from serving.model import write_bundle
from serving.openapi import v2_body
from serving.resident_docker import Containers
from serving.settings import ServerSettings
from serving.shipping.settings import LogSettings, write_settings
from serving.spec import Endpoint, ServiceSpec, Traffic
from serving.tls import trusting
from tests.docker.containers import container_of
from tests.integration.serving import shipping
from tests.integration.serving.conftest import MakeSpec
from tests.integration.serving.test_grpc import inputs
from tests.integration.serving.test_resident import version_at
from tests.integration.serving.test_roll import ask, roll
from tests.unit.serving.certificates import issue
from tests.unit.serving.tiny import ROW, schema

if TYPE_CHECKING:
    from docker import DockerClient


BODY = v2_body(schema(), [ROW])


def await_status(containers: Containers, home: Path, wanted: str) -> Endpoint:
    """The endpoint of a home from the moment on that it has a status."""
    for _ in range(600):
        found = containers.status(home)
        if found is not None and found.status == wanted:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_rolls_under_load_fail_no_request_and_keep_the_container(
    containers: Containers, home: Path, spec: MakeSpec
) -> None:
    specs = [spec(str(version)) for version in range(1, 5)]
    endpoint = containers.serve(home, specs[0])
    done = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(lambda: asyncio.run(ask(endpoint.predict_url, done)))
        try:
            rolled = [roll(home, wanted, containers.serve) for wanted in specs[1:]]
        finally:
            done.set()
        seen = load.result()
    assert {(each.url, each.pid) for each in rolled} == {(endpoint.url, endpoint.pid)}
    assert {"1", "4"} <= set(chain(*seen))
    assert all(versions == sorted(versions) for versions in seen)


@pytest.mark.fault(
    kind="Docker",
    where="the server in its container is killed",
    promise="It answers again at the same URL.",
    then="the engine, by itself",
)
def test_a_server_that_is_killed_comes_back_by_itself(
    containers: Containers, home: Path, spec: MakeSpec
) -> None:
    """With the version that it was rolled to, at the same URL."""
    containers.serve(home, spec("1"))
    endpoint = containers.serve(home, spec("2"))
    assert endpoint.pid is not None
    os.kill(endpoint.pid, signal.SIGKILL)
    while (found := containers.status(home)) is not None and found.pid == endpoint.pid:
        time.sleep(0.02)
    again = await_status(containers, home, "ready")
    assert (again.url, again.version) == (endpoint.url, "2")
    assert version_at(again) == "2"


def test_a_stopped_server_is_told_and_comes_back_at_its_url(
    containers: Containers, home: Path, spec: MakeSpec, docker_engine: "DockerClient"
) -> None:
    assert containers.status(home) is None
    assert containers.stop(home) is False
    first = containers.serve(home, spec())
    container_of(home).stop()  # As `docker stop` does.
    stopped = containers.status(home)
    assert stopped is not None
    assert (stopped.status, stopped.url, stopped.pid) == ("stopped", first.url, None)
    second = containers.serve(home, spec("2"))
    assert second.url == first.url
    assert containers.stop(home) is True
    assert (
        docker_engine.containers.list(all=True, filters={"label": f"switchyard.home={home}"}) == []
    )
    assert await_status(containers, home, "stopped").url == first.url


def test_a_first_version_that_is_broken_leaves_nothing_behind(
    containers: Containers,
    home: Path,
    spec: MakeSpec,
    tmp_path: Path,
    docker_engine: "DockerClient",
) -> None:
    wanted = spec()
    with pytest.raises(ModelError, match="changed or is another model"):
        containers.serve(home, ServiceSpec("shop", "1", wanted.model_uri, "sha256:0"))
    manifest = write_bundle(tmp_path / "bad", b"no model", schema(), name="shop", version="1")
    with pytest.raises(ModelError, match="does not load"):
        containers.serve(home, ServiceSpec("shop", "1", str(tmp_path / "bad"), manifest.digest))
    assert containers.status(home) is None
    assert (
        docker_engine.containers.list(all=True, filters={"label": f"switchyard.home={home}"}) == []
    )


def test_a_broken_version_is_refused_and_the_old_one_goes_on(
    containers: Containers, home: Path, spec: MakeSpec, tmp_path: Path
) -> None:
    endpoint = containers.serve(home, spec("1"))
    manifest = write_bundle(tmp_path / "bad", b"no model", schema(), name="shop", version="2")
    with pytest.raises(ModelError, match=r"does not load.* Version '1' still answers"):
        containers.serve(home, ServiceSpec("shop", "2", str(tmp_path / "bad"), manifest.digest))
    assert containers.status(home) == endpoint
    assert version_at(endpoint) == "1"


def test_two_deployments_at_once_leave_one_container(
    containers: Containers, home: Path, spec: MakeSpec
) -> None:
    specs = [spec("1"), spec("2")]
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda wanted: containers.serve(home, wanted), specs))
    assert len({(endpoint.url, endpoint.pid) for endpoint in ended}) == 1
    container_of(home)
    served = containers.status(home)
    assert served is not None
    assert version_at(served) == served.version


def test_a_port_that_another_container_has_is_named(
    containers: Containers, home: Path, spec: MakeSpec, other_home: Path
) -> None:
    port = int(containers.serve(home, spec()).url.rsplit(":", 1)[1])
    with pytest.raises(PortTakenError, match=str(port)):
        containers.serve(other_home, spec(), ServerSettings(port=port))
    assert containers.status(other_home) is None


@pytest.fixture
def other_home(containers: Containers, tmp_path: Path) -> Iterator[Path]:
    """A second home beside the test's own."""
    path = tmp_path / "other"
    yield path
    containers.stop(path)


@pytest.mark.fault(
    kind="Docker",
    where="the engine is down at a deployment",
    promise="It is told; what was deployed is still known.",
    then="the next deployment",
)
def test_without_an_engine_that_is_said_and_no_state_is_lost(
    containers: Containers,
    home: Path,
    spec: MakeSpec,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    endpoint = containers.serve(home, spec())
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    without = Containers()
    with pytest.raises(DeployError, match="No Docker engine answers"):
        without.serve(home, spec("2"))
    told = without.status(home)
    assert told is not None
    assert (told.status, told.url) == ("failed", endpoint.url)
    assert "No Docker engine answers" in told.detail


def test_an_image_that_the_engine_does_not_have_is_named(
    containers: Containers, home: Path, spec: MakeSpec
) -> None:
    with pytest.raises(DeployError, match="no image switchyard-absent:1"):
        Containers(ContainerSettings(image="switchyard-absent:1")).serve(home, spec())
    assert containers.status(home) is None


def test_key_and_certificate_hold_in_a_container(
    containers: Containers,
    home: Path,
    spec: MakeSpec,
    tmp_path: Path,
) -> None:
    files = issue(tmp_path, name="localhost")
    settings = ServerSettings(
        api_key="a key", certificate=files.certificate, key_file=files.key_file, grpc_port=0
    )
    endpoint = containers.serve(home, spec("1"), settings)
    assert endpoint.url.startswith("https://127.0.0.1:")
    trusted = trusting(Path(files.certificate).read_text())
    assert httpx.post(endpoint.predict_url, verify=trusted).status_code == 401
    headers = {"x-api-key": "a key"}
    answer = httpx.post(endpoint.predict_url, json=BODY, headers=headers, verify=trusted)
    assert answer.json()["model_version"] == "1"
    target = endpoint.grpc_target.replace("127.0.0.1", "localhost")
    with triton.InferenceServerClient(
        target, ssl=True, root_certificates=files.certificate
    ) as client:
        assert client.infer("shop", inputs(1), headers=headers).get_response().model_version == "1"
    container = container_of(home)
    assert container.exec_run(["python", "-m", "serving.health"]).exit_code == 0
    assert containers.serve(home, spec("2"), settings).version == "2"


def test_a_version_is_tried_out_beside_the_one_that_serves(
    containers: Containers, home: Path, spec: MakeSpec
) -> None:
    endpoint = containers.serve(home, spec("1"))
    assert containers.observe(home) is None
    containers.try_out(home, spec("2"), Traffic("canary", 1.0))
    assert version_at(endpoint) == "2"
    seen = containers.observe(home)
    assert seen is not None
    assert (seen.stable.version, seen.trial.version, seen.trial.requests) == ("1", "2", 1)
    assert containers.withdraw(home).version == "1"
    containers.try_out(home, spec("2"), Traffic("shadow", 1.0))
    assert containers.finish(home).version == "2"
    assert version_at(endpoint) == "2"


def test_the_prediction_log_is_shipped_to_a_directory_of_this_machine(
    containers: Containers, home: Path, spec: MakeSpec, tmp_path: Path
) -> None:
    home.mkdir()
    store = tmp_path / "store"
    write_settings(home, LogSettings(uri=str(store), seconds=0.5))
    shipping.ask(containers.serve(home, spec()), "first", "second")
    shipping.wait_for(store, "first", "second")


def test_the_answers_are_the_process_servers(
    containers: Containers, home: Path, spec: MakeSpec, tmp_path: Path
) -> None:
    """Byte for byte, but for the request's id."""
    from serving import resident

    body = {**BODY, "id": "the same"}
    process = tmp_path / "process"
    try:
        urls = [containers.serve(home, spec()), resident.serve(process, spec())]
        answers = [httpx.post(each.predict_url, json=body) for each in urls]
    finally:
        resident.stop(process)
    assert answers[0].status_code == 200
    assert answers[0].content == answers[1].content
