"""Lets in who brings the API key; health and metrics stay open."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable

from serving.routes import App
from serving.service import refused
from serving.transport import Answer, Receive, Scope, Send, send_answer

# Probes and scrapers have no key, and what they learn holds no row. The admin routes ask for a
# token of their own.
OPEN = re.compile(
    r"/(healthz|readyz|metrics|health/(ping|status)|v2/health/(live|ready)|admin/.*)"
    r"|/v2/models/[^/]+(/versions/[^/]+)?/ready"
)
OPEN_CALLS = frozenset(("ServerLive", "ServerReady", "ModelReady"))
WANTED = "This server needs its API key, as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'."


class Guarded:
    """An application behind a key."""

    def __init__(self, app: App, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or answer 401."""
        if (
            scope["type"] != "http"
            or admits(self._key, scope["headers"])
            or OPEN.fullmatch(scope["path"])
        ):
            return await self._app(scope, receive, send)
        return await send_answer(send, self._refuse(scope["path"]))

    def _refuse(self, path: str) -> Answer:
        served = self._app.served
        wire = served.wire(path)
        answer = refused(wire, 401, WANTED)
        answer.headers = ((b"www-authenticate", b"Bearer"),)
        if path in served.infer_paths:
            self._app.metrics.observe(wire.name, answer, served.model.version)
        return answer


def admits(key: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a key is among a request's headers, in a time that tells nothing of it."""
    for name, value in headers:
        bearer = name == b"authorization" and value[:7].lower() == b"bearer "
        if bearer or name == b"x-api-key":
            given = value[7:].strip() if bearer else value
            if hmac.compare_digest(given, key):
                return True
    return False
