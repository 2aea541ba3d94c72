"""What only the Seldon microservice can meet; the rest is in the deployers' contract."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from serving import seldon_local
from serving.errors import ConfigError, PortTakenError
from serving.openapi import seldon_body
from serving.seldon_local import ROLLING, serve, status, stop
from serving.settings import ServerSettings
from serving.spec import SELDON, Endpoint
from serving.state import process, read_state, write_state
from serving.versions import place
from tests.integration.serving.conftest import MakeSpec
from tests.unit.serving.tiny import ROW, schema

BODY = seldon_body(schema(), [ROW])


@pytest.fixture
def own_home(tmp_path: Path, seldon_cache: Path) -> Iterator[Path]:
    """An empty home; what serves it at the end is stopped."""
    assert seldon_cache
    yield tmp_path / "seldon"
    stop(tmp_path / "seldon")


def version_at(endpoint: Endpoint) -> str:
    answer = httpx.post(endpoint.seldon_url, json=BODY, trust_env=False)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["meta"]["tags"]["model_version"])


def worker_at(endpoint: Endpoint) -> int:
    return int(httpx.get(f"{endpoint.url}/readyz", trust_env=False).json()["worker"])


@pytest.mark.fault(
    kind="kill -9",
    where="a worker of the Seldon microservice",
    promise="Another one takes its place with the same version.",
    then="the microservice, by itself",
)
def test_a_killed_worker_is_replaced_by_one_of_the_same_version(
    own_home: Path, spec: MakeSpec
) -> None:
    serve(own_home, spec("1"))
    endpoint = serve(own_home, spec("2"))
    first = worker_at(endpoint)
    os.kill(first, signal.SIGKILL)
    assert version_at(endpoint) == "2"
    assert worker_at(endpoint) != first


@pytest.mark.fault(
    kind="kill -9",
    where="a deployment in the middle of the Seldon microservice's roll",
    promise="The version asked for serves in the end.",
    then="the next deployment",
)
def test_a_deployment_that_was_killed_in_a_roll_is_mended_by_the_next(
    own_home: Path, spec: MakeSpec
) -> None:
    """It leaves two workers of two versions, which answer by turns."""
    endpoint = serve(own_home, spec("1"))
    state, pid = read_state(own_home), endpoint.pid
    assert state is not None
    assert pid is not None
    wanted = spec("2")
    bundle = place(own_home, wanted)
    write_state(own_home, replace(state, version="2", digest=wanted.digest, bundle=bundle))
    (own_home / ROLLING).touch()
    os.kill(pid, signal.SIGTTIN)
    first = worker_at(endpoint)
    while worker_at(endpoint) == first:
        time.sleep(0.01)
    assert serve(own_home, wanted).version == "2"
    assert {version_at(endpoint) for _ in range(20)} == {"2"}
    assert not (own_home / ROLLING).exists()


def test_nothing_listens_but_on_the_address_asked_for(own_home: Path, spec: MakeSpec) -> None:
    """The microservice's own command listens on every address, with two ports more."""
    endpoint = serve(own_home, spec())
    serving = psutil.Process(endpoint.pid)
    listening = {
        connection.laddr
        for each in (serving, *serving.children(recursive=True))
        for connection in each.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert [address.ip for address in listening] == ["127.0.0.1"]


def test_a_client_that_stops_sending_is_told_and_holds_up_nobody(
    own_home: Path, spec: MakeSpec
) -> None:
    endpoint = serve(own_home, spec(), ServerSettings(patience=0.5))
    address = ("127.0.0.1", int(endpoint.url.rsplit(":", 1)[1]))
    silent = [socket.create_connection(address, timeout=30) for _ in range(8)]
    with socket.create_connection(address, timeout=30) as slow:
        slow.sendall(f"POST {SELDON} HTTP/1.1\r\nContent-Length: 9\r\n\r\n[".encode())
        assert version_at(endpoint) == "1"
        assert b" 408 " in slow.recv(100)
    for connection in silent:
        assert connection.recv(100) == b""
        connection.close()
    assert version_at(endpoint) == "1"


def test_a_port_that_is_taken_is_named(own_home: Path, spec: MakeSpec) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"Port {port} of 127.0.0.1 is taken"):
            serve(own_home, spec(), ServerSettings(port=port))
    assert status(own_home) is None
    assert process(own_home)[1] is False


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (ServerSettings(certificate="x", key_file="y"), "speaks no TLS here"),
        (ServerSettings(grpc_port=0), "speaks no gRPC here"),
    ],
)
def test_what_it_does_not_speak_is_refused_before_anything_starts(
    own_home: Path, spec: MakeSpec, asked: ServerSettings, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        seldon_local.serve(own_home, spec(), asked)
    assert not own_home.exists()


def test_what_has_nothing_to_do_with_predictions_is_answered_in_seldons_form(
    own_home: Path, spec: MakeSpec
) -> None:
    endpoint = serve(own_home, spec())
    absent = httpx.post(f"{endpoint.url}/nowhere", trust_env=False)
    assert (absent.status_code, absent.json()["status"]["status"]) == (404, "FAILURE")
    wrong = httpx.post(f"{endpoint.url}/readyz", trust_env=False)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
    assert httpx.get(f"{endpoint.url}/health/ping", trust_env=False).text == "pong"
    assert httpx.get(f"{endpoint.url}/health/status", trust_env=False).status_code == 200
    assert httpx.get(f"{endpoint.url}/metadata", trust_env=False).json()["name"] == "shop"
