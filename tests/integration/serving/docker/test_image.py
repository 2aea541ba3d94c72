"""The image of the server is small, holds what serving needs alone, and runs with few rights."""

import gzip
import io
import json
import os
import shutil
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serving.image import ensure_image, index
from serving.openapi import v2_body
from serving.resident_docker import Containers
from serving.spec import ServiceSpec
from serving.state import EXIT_MODEL
from tests.docker.containers import container_of
from tests.integration.data.servers import s3
from tests.integration.serving.conftest import MakeSpec
from tests.ports import free_port
from tests.unit.serving.tiny import ROW, schema

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image

Run = Callable[..., "Container"]
MEGABYTE = 1_000_000
MARK = "never-in-the-image.invalid"
CANARY = "cnry-of-whoever-builds"
BODY = json.dumps(v2_body(schema(), [ROW])).encode()
HEAD = "POST /v2/models/shop/infer HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-length: "
REQUEST = f"{HEAD}{len(BODY)}\r\n\r\n".encode() + BODY


@pytest.fixture
def run(docker_engine: "DockerClient", serving_image: str) -> Iterator[Run]:
    """Run the image as a cluster does: no home of this machine, and a read-only file system."""
    made = []

    def start(environment: dict[str, str], **arguments: Any) -> "Container":
        limits = {"read_only": True, "tmpfs": {"/tmp": "", "/srv/switchyard": "uid=10001"}}
        made.append(
            docker_engine.containers.run(
                **{"image": serving_image, **limits, **arguments},
                environment=environment,
                detach=True,
            )
        )
        return made[-1]

    yield start
    for container in made:
        container.remove(force=True)


def files_of(engine: "DockerClient", image: str) -> dict[str, tarfile.TarInfo]:
    """Every file of an image by its path."""
    container = engine.containers.create(image)
    try:
        archive = io.BytesIO(b"".join(container.export()))
    finally:
        container.remove()
    with tarfile.open(fileobj=archive) as tar:
        return {entry.name: entry for entry in tar}


def held_by(image: "Image", *words: str) -> set[str]:
    """Which words an image holds: in its history, its configuration, or any of its layers."""
    archive = io.BytesIO(b"".join(image.save()))
    with tarfile.open(fileobj=archive) as tar:
        held = [file.read() for entry in tar if (file := tar.extractfile(entry))]
    # An engine that keeps its layers as they are sent keeps them packed.
    held = [gzip.decompress(part) if part.startswith(b"\x1f\x8b") else part for part in held]
    held.append(json.dumps([image.history(), image.attrs["Config"]]).encode())
    return {word for word in words if any(word.encode() in part for part in held)}


def test_the_image_adds_what_serving_needs_alone(
    docker_engine: "DockerClient", serving_image: str, base_image: str
) -> None:
    sizes = [docker_engine.images.get(each).attrs["Size"] for each in (serving_image, base_image)]
    assert sizes[0] - sizes[1] < 160 * MEGABYTE
    files = files_of(docker_engine, serving_image)
    packages = {
        Path(name).parts[1] for name in files if name.startswith("packages/") and "/" in name
    }
    assert {"onnxruntime", "numpy", "uvicorn"} <= packages
    modules = {Path(name).name for name in files if "/python3" in name} | packages
    training = {"zenml", "mlflow", "pandas", "sklearn", "torch", "onnx"}
    assert modules & {*training, "pip", "setuptools", "wheel"} == set()
    programs = {Path(name).name for name in files if Path(name).parent.name in ("bin", "sbin")}
    assert programs & {"cc", "gcc", "ld", "make"} == set()
    assert not [name for name in files if name.startswith("build/")]
    own = [entry for name, entry in files.items() if name.startswith(("app/", "packages/"))]
    assert not [entry.name for entry in own if entry.uid or entry.mode & 0o022]


def test_a_container_fetches_from_a_store_and_keeps_no_setting_of_the_index(
    docker_engine: "DockerClient",
    base_image: str,
    run: Run,
    spec: MakeSpec,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The image with a store's driver is built with a setting that only its first stage may see."""
    monkeypatch.setenv("PIP_TRUSTED_HOST", MARK)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    settings = index(os.environ)["index/pip.conf"]
    assert isinstance(settings, bytes)
    assert MARK in settings.decode()
    built = docker_engine.images.get(ensure_image(docker_engine, base_image, "s3"))
    assert held_by(built, MARK, CANARY, "serving/app.py") == {"serving/app.py"}
    assert not [name for name in files_of(docker_engine, built.id) if name.startswith("build/")]
    wanted, port = spec("3"), free_port()
    shutil.copytree(wanted.model_uri, tmp_path / "buckets" / "models" / "shop")
    with s3(tmp_path / "buckets", "key", "secret-key") as store:
        variables = {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret-key",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{store}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "PREDICTIVE_UNIT_SERVICE_PORT": str(port),
        }
        container = run(
            {**variables, **named(wanted, "s3://models/shop")}, image=built.id, network_mode="host"
        )
        await_answer(container, ("127.0.0.1", port))
        assert b'"model_version":"3"' in exchange(("127.0.0.1", port))


def test_the_server_has_few_rights(containers: Containers, home: Path, spec: MakeSpec) -> None:
    containers.serve(home, spec())
    container = container_of(home)
    assert container.exec_run("id -u").output.strip() not in (b"0", b"")
    assert container.exec_run("touch /app/serving/app.py").exit_code != 0
    status = container.exec_run("cat /proc/1/status").output.decode()
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    bindings = container.attrs["HostConfig"]["PortBindings"]["8080/tcp"]
    assert {each["HostIp"] for each in bindings} == {"127.0.0.1"}


def test_the_health_check_tells_whether_the_server_is_ready(
    containers: Containers, home: Path, spec: MakeSpec, run: Run
) -> None:
    containers.serve(home, spec())
    container = container_of(home)
    command, *words = container.attrs["Config"]["Healthcheck"]["Test"]
    assert command == "CMD"
    assert container.exec_run(words).exit_code == 0
    idle = run({}, entrypoint=["sleep", "60"])
    assert idle.exec_run(words).exit_code == 1


def test_a_container_fetches_the_bundle_that_its_environment_names(
    run: Run, spec: MakeSpec
) -> None:
    wanted = spec("4")
    container = run(
        {**named(wanted, "/bundle"), "PREDICTIVE_UNIT_SERVICE_PORT": "9000"},
        volumes={wanted.model_uri: {"bind": "/bundle", "mode": "ro"}},
    )
    assert b'"model_version":"4"' in exchange(address_of(container, 9000))


def test_a_container_refuses_a_bundle_of_another_digest(run: Run, spec: MakeSpec) -> None:
    wanted = spec()
    places = {wanted.model_uri: {"bind": "/bundle", "mode": "ro"}}
    other = run(named(replace(wanted, digest="sha256:0"), "/bundle"), volumes=places)
    assert other.wait()["StatusCode"] == EXIT_MODEL
    assert b"changed or is another model" in other.logs()
    without = run(named(replace(wanted, digest=""), "/bundle"), volumes=places)
    assert without.wait()["StatusCode"] != 0
    assert b"SWITCHYARD_MODEL_DIGEST is not set" in without.logs()


def test_a_container_that_is_told_to_end_answers_what_it_has_begun(
    containers: Containers, home: Path, spec: MakeSpec
) -> None:
    containers.serve(home, spec())
    container = container_of(home)
    with socket.create_connection(address_of(container, 8080), timeout=30) as client:
        client.sendall(REQUEST[:-10])
        time.sleep(0.2)
        stopping = threading.Thread(target=container.stop)
        stopping.start()
        time.sleep(0.5)
        client.sendall(REQUEST[-10:])
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
    stopping.join()
    assert container.wait()["StatusCode"] == 0


def named(spec: ServiceSpec, uri: str) -> dict[str, str]:
    """The environment that has a container fetch a version."""
    words = {"URI": uri, "DIGEST": spec.digest, "NAME": spec.name, "VERSION": spec.version}
    return {f"SWITCHYARD_MODEL_{word}": value for word, value in words.items()}


def address_of(container: "Container", port: int) -> tuple[str, int]:
    """Where a container of the default network answers, once it does."""
    container.reload()
    address = container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"], port
    await_answer(container, address)
    return address


def await_answer(container: "Container", address: tuple[str, int]) -> None:
    """Wait until a container listens; one that ends fails with what it printed."""
    for _ in range(600):
        container.reload()
        assert container.status in ("created", "running"), container.logs().decode()
        with socket.socket() as probe:
            if probe.connect_ex(address) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(container.logs().decode())


def exchange(address: tuple[str, int]) -> bytes:
    """Ask for one prediction; the whole answer."""
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(REQUEST)
        return b"".join(iter(lambda: client.recv(65536), b""))
