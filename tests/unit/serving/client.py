"""A client that calls an ASGI application in this process."""

import asyncio
import json as jsonlib
from types import TracebackType
from typing import Any, Self

import httpx

from serving.access import Guarded
from serving.openapi import seldon_body, v2_body
from serving.routes import App
from tests.unit.serving.tiny import schema

INFER = "/v2/models/shop/infer"


def v2(*rows: dict[str, object]) -> dict[str, Any]:
    """A v2 request for rows of the tiny schema."""
    return v2_body(schema(), list(rows))


def seldon(*rows: dict[str, object]) -> dict[str, Any]:
    """A Seldon request for rows of the tiny schema."""
    return seldon_body(schema(), list(rows))


def outputs(answer: httpx.Response) -> dict[str, Any]:
    """The outputs of a v2 response, by name."""
    return {output["name"]: output for output in answer.json()["outputs"]}


class Client:
    """Starts the application on entry, as a server would, and ends it on exit."""

    def __init__(self, app: App | Guarded) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._replies: asyncio.Queue[Any] = asyncio.Queue()

    def __enter__(self) -> Self:
        scope = {"type": "lifespan"}
        self._life = self._loop.create_task(self._app(scope, self._events.get, self._replies.put))
        self._tell("startup")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._tell("shutdown")
        self._loop.run_until_complete(self._life)
        self._loop.close()

    def get(self, path: str) -> httpx.Response:
        """GET a path."""
        return self.request("GET", path)

    def post(self, path: str, **body: Any) -> httpx.Response:
        """POST `json` or `content` to a path."""
        return self.request("POST", path, **body)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | str | None = None,
        headers: dict[str, bytes] | None = None,
    ) -> httpx.Response:
        """Send one request and return its whole answer."""
        body = jsonlib.dumps(json) if content is None else content
        data = body if isinstance(body, bytes) else body.encode()
        raw = [(name.encode(), value) for name, value in (headers or {}).items()]
        scope = {"type": "http", "method": method, "path": path, "headers": raw}
        return self._loop.run_until_complete(self._exchange(scope, data))

    async def _exchange(self, scope: dict[str, Any], body: bytes) -> httpx.Response:
        # In pieces, as a server receives what is longer than its buffer.
        pieces = [body[at : at + 65536] for at in range(0, len(body), 65536)] or [b""]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        start, end = sent
        return httpx.Response(start["status"], headers=start["headers"], content=end["body"])

    def _tell(self, what: str) -> None:
        self._events.put_nowait({"type": f"lifespan.{what}"})
        reply = self._loop.run_until_complete(self._replies.get())
        assert reply == {"type": f"lifespan.{what}.complete"}
