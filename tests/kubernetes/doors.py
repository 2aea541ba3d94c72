"""What the stand-in's two doors share: a connection, and the way to a pod's process."""

import http.client
import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.kubernetes.pods import Pod

Json = dict[str, Any]
JSON = "application/json"
# What of a pod's answer concerns one connection alone.
OWN = {"connection", "content-length", "date", "server", "transfer-encoding"}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Head and body of an answer together: one after the other costs a client 40 ms.
    wbufsize = -1

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def body(self) -> bytes:
        """The request's body."""
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def send(self, status: int, content: bytes, *kinds: str, **more: str) -> None:
        """Send an answer whole."""
        self.send_response(status)
        for name, value in {"content-type": next(iter(kinds), JSON), **more}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def tell(self, document: Any) -> None:
        """Send a document, with the status that Kubernetes gives to what it did."""
        self.send(201 if self.command == "POST" else 200, json.dumps(document).encode())


def kept(asked: Handler) -> dict[str, str]:
    """The headers of a request that are handed on; one with a token is the door's own."""
    dropped = {"host"} if asked.path.startswith("/seldon/") else {"host", "authorization"}
    return {name: value for name, value in asked.headers.items() if name.lower() not in dropped}


def forward(
    pod: Pod, method: str, path: str, body: bytes, headers: Json
) -> tuple[int, bytes, dict[str, str]]:
    """Hand a request to a pod's process."""
    connection = http.client.HTTPConnection("127.0.0.1", pod.port, timeout=10)
    try:
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        told = {k.lower(): v for k, v in response.getheaders() if k.lower() not in OWN}
        return response.status, response.read(), told
    except (OSError, http.client.HTTPException) as error:
        return 502, str(error).encode(), {}
    finally:
        connection.close()
