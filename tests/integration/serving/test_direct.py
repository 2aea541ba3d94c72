"""A request that arrives in one piece is answered exactly as one that arrives in several."""

import json
import re
import socket
import time
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

import pytest

from serving.openapi import seldon_body, v2_body
from serving.resident import serve, stop
from serving.spec import SELDON, Endpoint, ServiceSpec
from tests.unit.serving.tiny import EMPTY_ROW, ROW, bundle, schema

INFER = "/v2/models/shop/infer"
V2 = json.dumps({**v2_body(schema(), [ROW]), "id": "one"})
BODIES = {
    "a row": (INFER, V2),
    "rows": (INFER, json.dumps({**v2_body(schema(), [ROW, EMPTY_ROW]), "id": "two"})),
    "a version": ("/v2/models/shop/versions/1/infer", V2),
    "Seldon": (SELDON, json.dumps({**seldon_body(schema(), [ROW]), "meta": {"puid": "3"}})),
    "no JSON": (INFER, "{"),
    "nothing": (INFER, ""),
    "a wrong value": (INFER, V2.replace("41.5", '"old"')),
    "a large body": (INFER, V2.replace("{", "{" + " " * 70_000, 1)),
    "another version": ("/v2/models/shop/versions/9/infer", V2),
}


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """One server for all of these."""
    home: Path = tmp_path_factory.mktemp("direct") / "home"
    made = bundle(home.parent / "bundle")
    yield serve(home, ServiceSpec("shop", "1", str(home.parent / "bundle"), made.digest))
    stop(home)


def request(path: str, body: str, *headers: str, version: str = "1.1") -> bytes:
    """A POST request as it goes over the wire."""
    lines = [f"POST {path} HTTP/{version}", "host: x", f"content-length: {len(body)}", *headers]
    return ("\r\n".join([*lines, "", ""]) + body).encode()


def exchange(endpoint: Endpoint, *pieces: bytes, answers: int = 1) -> list[bytes]:
    """Send the pieces a moment apart and read so many answers, without their dates."""
    host, port = endpoint.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, piece in enumerate(pieces):
            time.sleep(0.05 if number else 0)
            client.sendall(piece)
        with client.makefile("rb") as stream:
            return [answer(stream) for _ in range(answers)]


def answer(stream: BufferedReader) -> bytes:
    """One answer."""
    head = b"".join(iter(stream.readline, b"\r\n"))
    (length,) = re.findall(rb"content-length: (\d+)", head)
    dateless = re.sub(rb"date: [^\r]*\r\n", b"", head)
    return b"\n".join(sorted(dateless.splitlines())) + b"\n" + stream.read(int(length))


@pytest.mark.parametrize("name", BODIES)
def test_the_short_way_and_the_long_way_give_the_same_bytes(endpoint: Endpoint, name: str) -> None:
    whole = request(*BODIES[name])
    cut = whole.index(b"\r\n\r\n") + 4
    (short,) = exchange(endpoint, whole)
    pieces = whole[: cut - 1], whole[cut - 1 : cut], whole[cut : cut + 9], whole[cut + 9 :]
    (long,) = exchange(endpoint, *filter(None, pieces))
    assert short == long


def test_requests_on_one_connection_are_answered_in_their_order(endpoint: Endpoint) -> None:
    ids = [f"request {number}" for number in range(5)]
    bodies = [V2.replace('"one"', f'"{name}"') for name in ids]
    get = b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n"
    sent = [request(INFER, body) for body in bodies]
    found = exchange(endpoint, sent[0] + sent[1] + get + sent[2] + sent[3], sent[4], answers=6)
    named = [re.findall(rb'"id":"([^"]*)"', each) for each in found]
    assert [name[0].decode() for name in named if name] == ids
    assert b'"ready":true' in found[2]


@pytest.mark.parametrize("header", ["connection: close", "expect: 100-continue"])
def test_unusual_requests_go_the_usual_way(endpoint: Endpoint, header: str) -> None:
    told = exchange(endpoint, request(INFER, V2, header))[0] if "close" in header else b""
    assert b"connection: close" in told or not told
    host, port = endpoint.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(request(INFER, V2, header))
        assert client.recv(25).startswith(b"HTTP/1.1 1" if "expect" in header else b"HTTP/1.1 2")


def test_a_client_of_http_1_0_is_answered_and_left(endpoint: Endpoint) -> None:
    host, port = endpoint.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(request(INFER, V2, version="1.0"))
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert b"200 OK" in received
    assert b'"id":"one"' in received
