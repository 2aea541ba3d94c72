"""Connections that waste the server's time are closed, and harm no other meanwhile.

uvicorn limits neither the time in which a request's head must come nor its size, and waits for
ever for a client that stops reading its answer.
"""

from __future__ import annotations

import resource
import socket
import time
from typing import Any, Protocol

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serving.protocols.v2 import refusal

HEAD_LIMIT = 64 << 10
# Seconds for what listens beside the HTTP server, which then has its own.
DRAIN = 4.0
TICKS = 5  # Of a tenth of a second each, from one look at all connections to the next.


class Connection(HttpToolsProtocol):
    """One client's connection, with a limit on a request's head."""

    in_head = False
    head_size = 0

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return self.refuse(400, "This server speaks HTTP/1.1 and upgrades to nothing else.")
        except httptools.HttpParserError:
            return self.refuse(400, "The request is no HTTP.")
        if self.in_head:
            self.head_size += len(data)
            if self.head_size > HEAD_LIMIT:
                self.refuse(431, f"The request's head is larger than {HEAD_LIMIT} bytes.")
        return None

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keep open, for its answer, what a client has closed on its own side; TLS has no half."""
        cycle = self.cycle
        if cycle is None or cycle.more_body or cycle.response_complete or self.scheme == "https":
            return None
        cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """Begin a request's head."""
        self.in_head, self.head_size = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin to answer a request."""
        self.in_head = False
        super().on_headers_complete()

    def refuse(self, status: int, message: str) -> None:
        """Answer what is not even a request, and close."""
        if self.transport.is_closing():
            return
        body = refusal(message)
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head % len(body) + body)
        self.transport.close()

    def waits_for(self) -> object:
        """What the server waits for from this client; the same again when nothing came of it."""
        if self.flow.write_paused:
            return self.cycle, self.transport.get_write_buffer_size()
        is_answering = self.cycle is not None and not self.cycle.response_complete
        # A client that may be idle for a while has a timer of its own.
        if is_answering or self.timeout_keep_alive_task is not None:
            return None
        return self.cycle, None

    def lose(self) -> None:
        """End the wait."""
        if self.flow.write_paused:
            self.transport.abort()
        elif self.in_head:
            self.refuse(408, "The request's head did not arrive in time.")
        else:
            self.transport.close()


class Beside(Protocol):
    """What listens beside the HTTP server."""

    async def start(self) -> None:
        """Begin to listen."""

    async def stop(self, patience: float) -> None:
        """Let begun calls end."""


class Server(uvicorn.Server):
    """uvicorn, with a look at all connections twice a second.

    Args:
        patience: Seconds for which a client may keep the server waiting.
        beside: What listens on another port for as long as this server does.
    """

    def __init__(
        self, config: uvicorn.Config, patience: float, beside: Beside | None = None
    ) -> None:
        super().__init__(config)
        self._beside = beside
        self._patience = patience
        self._waits: dict[Any, tuple[object, float]] = {}

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        if self._beside is not None:
            await self._beside.start()
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let begun requests end."""
        if self._beside is not None:
            await self._beside.stop(DRAIN)
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Do what is due; says whether the server is to end."""
        if counter % TICKS == 0:
            self._sweep(time.monotonic())
        return await super().on_tick(counter)

    def _sweep(self, now: float) -> None:
        waits: dict[Any, tuple[object, float]] = {}
        for connection in list(self.server_state.connections):
            if not isinstance(connection, Connection):
                continue
            wait = connection.waits_for()
            if wait is None or connection.transport.is_closing():
                continue
            before, since = self._waits.get(connection, (None, now))
            waits[connection] = wait, since if wait == before else now
            if now - waits[connection][1] > self._patience:
                connection.lose()
        self._waits = waits


def allow_many() -> None:
    """Let the process hold as many connections as the system lets it, and not a thousand."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
