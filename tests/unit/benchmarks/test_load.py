"""A load counts the answers of servers that keep a connection, and of those that do not."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.load import measure


class Handler(BaseHTTPRequestHandler):
    """Answers the body's length, and closes where it is told to."""

    protocol_version = "HTTP/1.1"
    answered = 0

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers["content-length"]))
        type(self).answered += 1
        self.send_response(400 if "wrong" in self.path else 200)
        self.send_header("content-length", "2")
        if "close" in self.path:
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """A server that answers in threads."""
    Handler.answered = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("path", ["/keep", "/close"])
def test_every_answer_is_counted(url: str, path: str) -> None:
    found = measure(url + path, b"{}", clients=3, requests=30)
    assert Handler.answered == 30
    assert found.p99 >= found.p50 > 0


def test_an_error_fails_the_load(url: str) -> None:
    with pytest.raises(RuntimeError, match="400"):
        measure(f"{url}/wrong", b"{}", clients=1, requests=3)
