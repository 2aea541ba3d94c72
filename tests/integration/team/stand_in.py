"""A stand-in for a ZenML server of another version.

It passes every question on to a real server and changes one word of one answer: the version. No
other release can be installed beside this one, since the client pins the server's packages.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import zenml

# What belongs to one connection, or to the content before it was changed.
ENDS_HERE = {"connection", "content-encoding", "content-length", "date", "server"}


@contextmanager
def of_version(version: str, server: str) -> Iterator[str]:
    """Answer as the server does, but as of another version; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def do_PUT(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept = {key: value for key, value in self.headers.items() if key.lower() != "host"}
            answer = httpx.request(
                self.command, server + self.path, headers=kept, content=body, timeout=30
            )
            content = answer.content
            if self.path.startswith("/api/v1/info"):
                content = content.replace(zenml.__version__.encode(), version.encode())
            self.send_response(answer.status_code)
            for key, value in answer.headers.items():
                if key.lower() not in ENDS_HERE:
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.server_address[1]}"
    finally:
        listener.shutdown()
        listener.server_close()
