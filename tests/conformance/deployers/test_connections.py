"""Clients that are slow to ask, whichever deployer serves."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import httpx
import pytest

from serving.spec import Endpoint
from tests.conformance.deployers.bodies import ask
from tests.conformance.deployers.conftest import Make
from tests.conformance.deployers.machine import KINDS, Machine
from tests.conformance.deployers.test_contract import Standing
from tests.conformance.deployers.test_life import version_at
from tests.unit.serving.tiny import EMPTY_ROW, ROW

BODY = json.dumps(ask("shop", [ROW, EMPTY_ROW])).encode()
# More than any server has threads.
CROWD = 40

pytestmark = pytest.mark.parametrize("kind", KINDS)


def connect(endpoint: Endpoint) -> socket.socket:
    """A connection over which nothing is said yet."""
    place = urlsplit(endpoint.seldon_url)
    return socket.create_connection((place.hostname or "", place.port or 80), timeout=30)


def head(endpoint: Endpoint, framing: str) -> bytes:
    """The first lines of a request.

    Args:
        framing: The header that tells where its body ends.
    """
    path = urlsplit(endpoint.seldon_url).path
    return f"POST {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n{framing}\r\n\r\n".encode()


def answered(client: socket.socket) -> bool:
    """Whether what comes back, to its end, is a prediction."""
    received = b"".join(iter(lambda: client.recv(65536), b""))
    return received.startswith(b"HTTP/1.1 200") and b'"model_version"' in received


@pytest.fixture
def shop(standing: Standing, kind: str) -> Endpoint:
    """One of the servers that stand."""
    return next(each for each in standing[kind].endpoints() if each.name == "shop")


def test_clients_that_say_nothing_keep_nobody_out(shop: Endpoint) -> None:
    with ExitStack() as stack:
        crowd = [stack.enter_context(closing(connect(shop))) for _ in range(CROWD)]
        answer = httpx.post(shop.seldon_url, content=BODY, trust_env=False, timeout=5)
        assert answer.status_code == 200
        for client in crowd:
            client.sendall(head(shop, f"content-length: {len(BODY)}") + BODY)
        assert all(map(answered, crowd))


def pieces(shop: Endpoint, framing: str, body: list[bytes]) -> Iterator[bytes]:
    """A request in parts that arrive alone."""
    first = head(shop, framing)
    for part in (first[:20], first[20:], *body):
        yield part
        time.sleep(0.05)


def test_a_request_may_come_in_pieces(shop: Endpoint) -> None:
    halves = [BODY[:40], BODY[40:]]
    chunks = [*(b"%x\r\n%b\r\n" % (len(half), half) for half in halves), b"0\r\n\r\n"]
    chunked = "transfer-encoding: chunked"
    for framing, body in ((f"content-length: {len(BODY)}", halves), (chunked, chunks)):
        with closing(connect(shop)) as client:
            for part in pieces(shop, framing, body):
                client.sendall(part)
            assert answered(client)
        with closing(connect(shop)) as client:
            client.sendall(head(shop, framing) + b"".join(body))
            assert answered(client)


def test_who_connected_before_a_roll_is_answered_during_it(
    kind: str, seldon_cache: object, make: Make, request: pytest.FixtureRequest
) -> None:
    assert seldon_cache
    if kind == "resident_docker":
        request.getfixturevalue("base_image")
    machine = Machine(KINDS[kind], request.getfixturevalue("tmp_path") / "homes")
    with closing(machine), ThreadPoolExecutor(1) as pool:
        first = machine.serve(make("1"))
        with closing(connect(first)) as client:
            version_at(first)  # By now the server has taken the connection before it too.
            rolled = pool.submit(machine.serve, make("2"))
            while version_at(first) != "2" and not rolled.done():
                time.sleep(0.01)
            client.sendall(head(first, f"content-length: {len(BODY)}") + BODY)
            assert answered(client)
        assert rolled.result().version == "2"
