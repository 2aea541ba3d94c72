"""Clients that stall, stop reading or say nothing lose their connection and harm no other."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from serving.openapi import v2_body
from serving.resident import serve, stop
from serving.settings import ServerSettings
from serving.spec import Endpoint, ServiceSpec
from tests.integration.serving.test_server import connect, head
from tests.unit.serving.tiny import ROW, bundle, schema

PATIENCE = 1.0
BODY = json.dumps(v2_body(schema(), [ROW])).encode()


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A server of little patience."""
    folder = tmp_path_factory.mktemp("patience")
    spec = ServiceSpec("shop", "1", str(folder / "1"), bundle(folder / "1").digest)
    yield serve(folder / "home", spec, ServerSettings(patience=PATIENCE))
    stop(folder / "home")


def is_answered(endpoint: Endpoint) -> bool:
    return httpx.post(endpoint.predict_url, content=BODY).status_code == 200


def rest(connection: socket.socket) -> bytes:
    """All that the server sends until it closes."""
    said = b""
    while piece := connection.recv(65536):
        said += piece
    return said


def test_half_a_head_is_closed_with_408_while_others_are_answered(endpoint: Endpoint) -> None:
    with connect(endpoint) as fresh, connect(endpoint) as used:
        used.sendall(head(endpoint, len(BODY)) + BODY)
        said = used.recv(4096)
        while not said.endswith(b"]}"):
            said += used.recv(4096)
        assert b" 200 " in said
        for slow in (fresh, used):
            slow.sendall(head(endpoint, len(BODY))[:-10])
        assert is_answered(endpoint)
        for slow in (fresh, used):
            said = rest(slow)
            assert said.startswith(b"HTTP/1.1 408 ")
            assert json.loads(said.partition(b"\r\n\r\n")[2])["error"].startswith("The request's")


def test_a_head_that_drips_in_byte_by_byte_gains_no_time(endpoint: Endpoint) -> None:
    with connect(endpoint) as slow:
        slow.settimeout(0.1)
        slow.sendall(b"GET /readyz HTTP/1.1\r\nx: ")
        said = b""
        while not said:
            slow.sendall(b"y")
            try:
                said = slow.recv(100)
            except TimeoutError:
                continue
    assert said.startswith(b"HTTP/1.1 408 ")


def test_a_body_that_stalls_is_408_in_the_protocols_form(endpoint: Endpoint) -> None:
    with connect(endpoint) as slow:
        slow.sendall(head(endpoint, len(BODY)) + BODY[:20])
        said = b""
        while not said.endswith(b"}"):
            said += slow.recv(4096)
        # What is left of the body never comes either, and is not waited for without end.
        assert rest(slow) == b""
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive within 1 s" in said


def test_a_client_that_says_nothing_is_closed_in_silence(endpoint: Endpoint) -> None:
    with connect(endpoint) as silent:
        assert rest(silent) == b""


def test_a_client_that_leaves_its_answer_unread_is_cut_off(endpoint: Endpoint) -> None:
    # More than the system's own buffers take.
    many = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * 3000
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        parts = urlsplit(endpoint.url)
        lazy.connect((parts.hostname, parts.port))
        lazy.settimeout(10)
        lazy.sendall(many)
        assert is_answered(endpoint)
        until(lambda: open_connections(endpoint) == 0)


def test_a_client_that_closed_its_own_side_gets_its_answer(endpoint: Endpoint) -> None:
    many = json.dumps(v2_body(schema(), [ROW] * 2000)).encode()
    for body in (BODY, many):
        with connect(endpoint) as half:
            half.sendall(head(endpoint, len(body)) + body)
            half.shutdown(socket.SHUT_WR)
            said = rest(half)
        assert said.startswith(b"HTTP/1.1 200 ")
        assert json.loads(said.partition(b"\r\n\r\n")[2])["model_name"] == "shop"


def test_a_client_that_leaves_in_its_body_is_let_go(endpoint: Endpoint) -> None:
    with connect(endpoint) as half:
        half.sendall(head(endpoint, len(BODY)) + BODY[:20])
        half.shutdown(socket.SHUT_WR)
        assert rest(half) == b""
    assert is_answered(endpoint)


def test_a_client_that_reads_slowly_gets_its_whole_answer(endpoint: Endpoint) -> None:
    """It takes longer than the server's patience, and never stops."""
    body = json.dumps(v2_body(schema(), [ROW] * 20_000)).encode()
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
        parts = urlsplit(endpoint.url)
        slow.connect((parts.hostname, parts.port))
        slow.sendall(head(endpoint, len(body)) + body)
        said, begun = b"", time.monotonic()
        while len(said) < 200 or len(said.partition(b"\r\n\r\n")[2]) < length(said):
            piece = slow.recv(16_384)
            assert piece, f"cut off after {len(said)} bytes"
            said += piece
            if time.monotonic() - begun < 2 * PATIENCE:
                time.sleep(0.05)
    assert json.loads(said.partition(b"\r\n\r\n")[2])["outputs"][0]["shape"] == [20_000]


def test_many_idle_connections_leave_room_for_the_next_request(endpoint: Endpoint) -> None:
    with ExitStack() as stack:
        for _ in range(700):
            stack.enter_context(connect(endpoint))
        assert is_answered(endpoint)
    until(lambda: open_connections(endpoint) == 0)


def test_what_is_no_http_is_refused_as_json(endpoint: Endpoint) -> None:
    upgrade = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    endless = b"GET /readyz HTTP/1.1\r\n" + b"x: y\r\n" * 20_000
    for data, status in ((b"\x00" * 9, 400), (upgrade, 400), (endless, 431)):
        with connect(endpoint) as connection:
            connection.sendall(data)
            said = connection.recv(4096)
        assert said.startswith(b"HTTP/1.1 %d " % status)
        assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]


def length(said: bytes) -> int:
    """The length of a body, from the head before it."""
    fields = [line.split(b": ") for line in said.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]]
    return int(dict(fields)[b"content-length"])


def open_connections(endpoint: Endpoint) -> int:
    """How many connections the server's process holds, by the system's account."""
    port = f":{urlsplit(endpoint.url).port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(port) and row[3] in ("01", "08") for row in rows)


def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come true."""
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("It did not come true.")
