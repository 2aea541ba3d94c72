"""A load of HTTP requests on loopback: a bounded count, keep-alive, one connection a client."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np

CLOSE = re.compile(rb"connection: *close", re.IGNORECASE)
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


Connect = Callable[["Connection"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Load:
    """What a load showed.

    Args:
        rate: Requests a second.
        p50: Median latency in milliseconds.
        p99: The latency, in milliseconds, that one request in a hundred exceeds.
    """

    rate: float
    p50: float
    p99: float


class Connection(asyncio.Protocol):
    """Sends one request after another and keeps the latency of each."""

    def __init__(self, request: bytes, count: int, connect: Connect) -> None:
        self.request, self.left, self.connect = request, count, connect
        self.seconds: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received, self.again = b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request, or the next one where the server kept no connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self.again:
            self.again = False
            self.transport.write(self.request)
        else:
            self.send()

    def send(self) -> None:
        """Send a request and note when."""
        self.since = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer; once it is whole, send the next request."""
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator or len(body) < content_length(head):
            return
        self.seconds.append(time.perf_counter() - self.since)
        self.received = b""
        if not head.startswith(b"HTTP/1.1 200"):
            self.fail(f"answered {head[:60]!r} {body[:200]!r}")
        elif len(self.seconds) < self.left and CLOSE.search(head):
            # Counted in the latency of the next request, as its client would feel it.
            self.since, self.again = time.perf_counter(), True
            self.transport.close()
        elif len(self.seconds) < self.left:
            self.send()
        else:
            self.transport.close()
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that ends early fails the load, but for servers that keep none."""
        if self.again:
            self.task = asyncio.ensure_future(self.connect(self))
        elif not self.done.done():
            self.fail(f"connection lost: {exc}")

    def fail(self, why: str) -> None:
        """End with an error."""
        self.transport.close()
        if not self.done.done():
            self.done.set_exception(RuntimeError(why))


def content_length(head: bytes) -> int:
    """The length of the body that a response's head announces."""
    match = LENGTH.search(head)
    if match is None:
        raise RuntimeError(f"an answer without content-length: {head!r}")
    return int(match[1])


def measure(url: str, body: bytes, *, clients: int, requests: int) -> Load:
    """Send so many requests over so many connections and time them."""
    return asyncio.run(_measure(url, body, clients, requests // clients))


async def _measure(url: str, body: bytes, clients: int, each: int) -> Load:
    place = urlsplit(url)
    host, port = place.hostname or "", place.port or 80
    request = post(place.netloc, place.path, body, {"content-type": "application/json"})
    loop, since = asyncio.get_running_loop(), time.perf_counter()

    async def connect(connection: Connection) -> None:
        await loop.create_connection(lambda: connection, host, port)

    made = [Connection(request, each, connect) for _ in range(clients)]
    for connection in made:
        await connect(connection)
    await asyncio.gather(*(connection.done for connection in made))
    wall = time.perf_counter() - since
    seconds = np.concatenate([connection.seconds for connection in made])
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    return Load(rate=len(seconds) / wall, p50=float(p50), p99=float(p99))


def post(host: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The bytes of a POST request."""
    lines = [f"POST {path} HTTP/1.1", f"host: {host}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
