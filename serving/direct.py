"""Answers a prediction request that arrives whole in the moment in which it arrives.

uvicorn makes a task, an event and a cycle of messages for every request, which is more work than
most predictions are. A small request that is all there needs none of them; whatever else comes, a
body in pieces, a client that reads slowly, a version on trial, goes the usual way.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from serving.connections import Connection
from serving.reading import headed
from serving.routes import INLINE, App
from serving.service import answer as answer_to
from serving.transport import Answer

Headers = list[tuple[bytes, bytes]]


class Direct:
    """The predictions that an application can make at once."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._limit = min(app.limit, INLINE)

    def takes(self, target: bytes) -> bool:
        """Whether predictions are made at a path."""
        return target in self._app.served.targets and self._app.trial is None

    def answer(self, target: bytes, body: bytes, headers: Headers) -> Answer | None:
        """The answer to a request; None where it takes too long for all others to wait."""
        if len(body) > self._limit:
            return None
        app, served = self._app, self._app.served
        wire = served.targets[target]
        answer = answer_to(served.model, wire, headed(body, headers))
        app.metrics.observe(wire.name, answer, served.model.version)
        return answer

    def keep(self, answer: Answer) -> None:
        """Log an answer that was sent."""
        if answer.record is not None:
            self._app.log.put(answer.record)


class DirectConnection(Connection):
    """One client's connection, with a short way for what needs no long one."""

    direct: Direct | None = None
    held = False
    content = b""
    # Whether nothing came since a short answer, and when that was.
    idle = False
    since = 0.0
    watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; what stands behind a key has no short way."""
        super().connection_made(transport)
        if isinstance(self.config.app, App):
            self.direct = Direct(self.config.app)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        if self.watch is not None:
            self.watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent; a request that is not whole by then goes the usual way."""
        super().data_received(data)
        if self.held and not self.transport.is_closing():
            self._hand_on()

    def waits_for(self) -> object:
        """A client that is idle after a short answer has a timer of its own too."""
        is_idle = self.idle and not self.flow.write_paused
        return None if is_idle else super().waits_for()

    def on_message_begin(self) -> None:
        """Begin a request's head, of which only the usual way makes a scope."""
        self.idle, self.in_head, self.head_size = False, True, 0
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """Hold a request back until its body is there."""
        if self._is_plain():
            self.in_head, self.held, self.content = False, True, b""
        else:
            self._go_on()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        if self.held:
            self.content = self.content + body if self.content else body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer a request that was held back, or let it go the usual way."""
        if self.held and self.direct is not None:
            answer = self.direct.answer(self.url, self.content, self.headers)
            if answer is not None:
                self.held = False
                self._write(answer)
                return self.direct.keep(answer)
            self._hand_on()
        return super().on_message_complete()

    def _is_plain(self) -> bool:
        return (
            self.direct is not None
            and self.direct.takes(self.url)
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and not self.expect_100_continue
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
        )

    def _go_on(self) -> None:
        """Let the head go the usual way."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()

    def _hand_on(self) -> None:
        self.held = False
        self._go_on()
        if self.content:
            super().on_body(self.content)

    def _write(self, answer: Answer) -> None:
        head = begun(answer.status, answer.content_type, *self.server_state.default_headers)
        more = b"".join([b"%b: %b\r\n" % header for header in answer.headers])
        self.transport.write(b"%b%d\r\n%b\r\n%b" % (head, len(answer.body), more, answer.body))
        self.server_state.total_requests += 1
        self._rest()

    def _rest(self) -> None:
        """Begin to be idle; one timer serves many requests."""
        self.idle, self.since = True, self.loop.time()
        if self.watch is None:
            self.watch = self.loop.call_later(self.timeout_keep_alive, self._look)

    def _look(self) -> None:
        """Close a connection that was idle for as long as one may be."""
        self.watch = None
        left = self.since + self.timeout_keep_alive - self.loop.time()
        if self.idle and left > 0:
            self.watch = self.loop.call_later(left, self._look)
        elif self.idle:
            self.transport.close()


@lru_cache(maxsize=64)
def begun(status: int, content_type: bytes, *defaults: tuple[bytes, bytes]) -> bytes:
    """The head of an answer up to its length; the date among the defaults changes each second."""
    lines = [b"%b: %b\r\n" % header for header in (*defaults, (b"content-type", content_type))]
    return STATUS_LINE[status] + b"".join(lines) + b"content-length: "
