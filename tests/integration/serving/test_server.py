"""A real server over real sockets: limits, slow clients, and an orderly end."""

import json
import os
import signal
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from serving.openapi import v2_body
from serving.resident import serve, status
from serving.settings import ServerSettings
from serving.spec import Endpoint
from tests.integration.serving.conftest import MakeSpec
from tests.unit.serving.tiny import ROW, schema


def connect(endpoint: Endpoint) -> socket.socket:
    parts = urlsplit(endpoint.url)
    assert parts.hostname
    assert parts.port
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def head(endpoint: Endpoint, length: int) -> bytes:
    path = urlsplit(endpoint.predict_url).path
    return f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n".encode()


def test_a_body_above_the_limit_is_413_and_the_server_goes_on(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec(), ServerSettings(body_limit=100_000))
    answer = httpx.post(endpoint.predict_url, content=b" " * 5_000_000)
    assert answer.status_code == 413
    assert "larger than 100000 bytes" in answer.json()["error"]
    answer = httpx.post(endpoint.predict_url, json=v2_body(schema(), [ROW]))
    assert answer.status_code == 200


def test_what_is_no_http_harms_nobody(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec())
    for data in (b"\x00" * 100, b"GET\r\n\r\n", head(endpoint, 10)[:-2], head(endpoint, -1)):
        with connect(endpoint) as connection:
            connection.sendall(data)
    with connect(endpoint) as connection:
        connection.sendall(head(endpoint, 1000) + b"{")
    assert status(home) == endpoint


def test_a_client_that_stalls_in_its_body_holds_up_no_other(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec())
    body = json.dumps(v2_body(schema(), [ROW])).encode()
    with connect(endpoint) as slow:
        slow.sendall(head(endpoint, len(body)) + body[:20])
        assert httpx.post(endpoint.predict_url, content=body).status_code == 200
        slow.sendall(body[20:])
        assert b" 200 " in slow.recv(100)


def test_a_large_batch_holds_up_no_other_request(home: Path, spec: MakeSpec) -> None:
    """While 50,000 rows are scored, single rows are answered."""
    endpoint = serve(home, spec())
    batch = json.dumps(v2_body(schema(), [ROW] * 50_000))
    answers: list[httpx.Response] = []

    def send() -> None:
        answers.append(httpx.post(endpoint.predict_url, content=batch, timeout=60))

    thread = threading.Thread(target=send)
    thread.start()
    between = 0
    with httpx.Client() as client:
        while thread.is_alive():
            answer = client.post(endpoint.predict_url, json=v2_body(schema(), [ROW]))
            assert answer.status_code == 200
            between += 1
    thread.join()
    assert between > 3
    assert answers[0].json()["outputs"][0]["shape"] == [50_000]


def test_sigterm_lets_begun_requests_end(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec())
    body = json.dumps(v2_body(schema(), [ROW])).encode()
    assert endpoint.pid is not None
    with connect(endpoint) as slow:
        slow.sendall(head(endpoint, len(body)) + body[:-1])
        time.sleep(0.1)
        os.kill(endpoint.pid, signal.SIGTERM)
        time.sleep(0.3)
        slow.sendall(body[-1:])
        assert b" 200 " in slow.recv(100)
    while True:
        ended = status(home)
        assert ended is not None
        if ended.status != "ready" and ended.status != "starting":
            break
        time.sleep(0.02)
    assert ended.status == "stopped"
    assert (home / "server.log").read_text() == ""


def test_the_servers_bytecode_is_compiled_even_where_the_caller_forbids_it(
    home: Path, spec: MakeSpec
) -> None:
    endpoint = serve(home, spec())
    environment = Path(f"/proc/{endpoint.pid}/environ").read_bytes().split(b"\0")
    assert not [item for item in environment if item.startswith(b"PYTHONDONTWRITEBYTECODE")]
