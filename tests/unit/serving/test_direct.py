"""Which requests go the short way."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from uvicorn.server import ServerState

from serving.app import configure
from serving.direct import Direct, DirectConnection
from serving.routes import INLINE, App
from serving.settings import ServerSettings
from serving.spec import SELDON
from tests.unit.serving.client import INFER, v2
from tests.unit.serving.tiny import ROW


def test_predictions_go_the_short_way_and_nothing_else(app: App) -> None:
    direct = Direct(app)
    assert direct.takes(INFER.encode())
    assert direct.takes(SELDON.encode())
    for path in (b"/metrics", b"/admin/roll", INFER.encode() + b"?x=1", b"/v2/models/shoe/infer"):
        assert not direct.takes(path)


def test_a_small_request_is_answered_at_once_and_counted(app: App) -> None:
    answer = Direct(app).answer(INFER.encode(), json.dumps(v2(ROW)).encode(), [])
    assert answer is not None
    assert answer.status == 200
    assert b'code="200"} 1' in app.metrics.render(app.served.model, app.log)


def test_what_would_hold_up_others_takes_the_long_way(app: App) -> None:
    assert Direct(app).answer(INFER.encode(), b" " * (INLINE + 1), []) is None


@contextmanager
def answering(app: App, idle: float) -> Iterator[socket.socket]:
    """A client's end of a connection that may be idle for so many seconds."""
    loop, config = asyncio.new_event_loop(), configure(app, ServerSettings())
    config.load()
    config.timeout_keep_alive = idle  # type: ignore[assignment]
    ours, theirs = socket.socketpair()

    made = DirectConnection(config, ServerState(), {}, loop)
    loop.run_until_complete(loop.connect_accepted_socket(lambda: made, ours))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    theirs.settimeout(20)
    try:
        with theirs:
            yield theirs
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        made.transport.abort()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def request() -> bytes:
    """A prediction as it goes over the wire."""
    body = json.dumps(v2(ROW)).encode()
    return b"POST %b HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (INFER.encode(), len(body), body)


def test_a_client_that_is_idle_after_short_answers_is_left(app: App) -> None:
    with answering(app, idle=0.1) as client:
        for _ in range(2):
            client.sendall(request())
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
        assert client.recv(65536) == b""


def test_a_client_that_has_begun_its_next_request_is_not_idle(app: App) -> None:
    with answering(app, idle=0.1) as client:
        client.sendall(request() + request()[:40])
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        time.sleep(0.3)
        client.sendall(request()[40:])
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
