"""The server's routes, as an ASGI application."""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson

from serving import docs, openapi, service
from serving.errors import ModelError, RequestError
from serving.log import PredictionLog
from serving.metrics import CONTENT_TYPE, Metrics
from serving.model import Model
from serving.protocols import Wire
from serving.protocols.v2 import refusal
from serving.service import Served
from serving.transport import Answer, Receive, Send, read_body, send_answer

Scope = MutableMapping[str, Any]
Load = Callable[[dict[str, object]], Served]
Handler = Callable[[Scope, Receive], Awaitable[Answer]]

# A body above this is parsed, scored and written in a thread: some hundred rows, a few
# milliseconds, in which every other request would wait.
INLINE = 64 << 10
HTML = b"text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Route:
    """What a path does, and by which method."""

    method: str
    handler: Handler


class App:
    """Answers for one model, which a roll replaces in place.

    Args:
        load: Loads the version that the body of a roll request asks for and records it as the
            one to be served; raises ModelError when it is broken.
        token: What the admin route asks for.
        body_limit: The largest request body, in bytes.
    """

    def __init__(
        self, served: Served, log: PredictionLog, load: Load, *, token: str, body_limit: int
    ) -> None:
        self.served = served
        self.log = log
        self.metrics = Metrics()
        self._load = load
        self._token = token
        self._body_limit = body_limit
        self._rolling = asyncio.Lock()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="batch")
        self._infer = Route("POST", self._predict)
        self._routes = {
            "/v2": _page(_server),
            "/v2/health/live": _page(lambda: _json({"live": True})),
            "/v2/health/ready": _page(lambda: _json({"ready": True})),
            "/healthz": _page(lambda: _json({"live": True})),
            "/readyz": _page(
                lambda: _json({"ready": True, **self._identity(), "pid": os.getpid()})
            ),
            "/metrics": _page(self._metrics),
            "/openapi.json": _page(lambda: _json(openapi.document(self.served.model))),
            "/docs": _page(lambda: Answer(docs.page(self.served.model), content_type=HTML)),
            "/admin/roll": Route("POST", self._roll),
        }
        self._model_routes = {
            "": Route("GET", self._describe),
            "ready": Route("GET", self._model_ready),
            "infer": self._infer,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            return await self._lifespan(receive, send)
        answer = await self._answer(scope, receive)
        await send_answer(send, answer)
        if answer.record is not None:
            self.log.put(answer.record)
        return None

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        if path in self.served.infer_paths:
            route: Route | None = self._infer
        else:
            route = self._routes.get(path) or self._model_route(path)
        try:
            if route is None:
                raise RequestError(f"There is nothing at {path[:200]}; see /docs.", status=404)
            if method != route.method and (method, route.method) != ("HEAD", "GET"):
                return _wrong_method(self.served, path, method, route.method)
            return await route.handler(scope, receive)
        except RequestError as error:
            return Answer(refusal(str(error)), error.status)
        except Exception:
            return service.broken(self.served.v2)

    def _model_route(self, path: str) -> Route | None:
        """The route below /v2/models/{name} or /v2/models/{name}/versions/{version}."""
        if not path.startswith("/v2/models/"):
            return None
        _, *rest = path[len("/v2/models/") :].split("/")
        if rest[:1] == ["versions"]:
            rest = rest[2:] if len(rest) > 1 else ["versions"]
        return self._model_routes.get(rest[0] if rest else "") if len(rest) < 2 else None

    def _addressed(self, path: str) -> Served:
        """What serves the model, and the version, that a path names."""
        served = self.served
        if path in served.infer_paths:
            return served
        name, *rest = path[len("/v2/models/") :].split("/")
        if name != served.model.name:
            hint = f"it serves '{served.model.name}'"
            raise RequestError(f"There is no model '{name[:200]}' here; {hint}.", status=404)
        if rest[:1] == ["versions"] and rest[1] != served.model.version:
            hint = f"it serves '{served.model.version}'"
            message = f"Model '{name}' has no version '{rest[1][:200]}' here; {hint}."
            raise RequestError(message, status=404)
        return served

    async def _predict(self, scope: Scope, receive: Receive) -> Answer:
        path = scope["path"]
        try:
            body = await read_body(receive, self._body_limit)
            # Chosen after the body came in, so that a slow client is not answered by a version
            # which others saw replaced long before.
            served = self._addressed(path)
            wire = served.wire(path)
        except RequestError as error:
            wire = self.served.wire(path)
            answer = service.refused(wire, error.status, str(error))
        else:
            if len(body) <= INLINE:
                answer = service.answer(served.model, wire, body)
            else:
                answer = await self._in_thread(served.model, wire, body)
        self.metrics.observe(wire.name, answer)
        return answer

    async def _in_thread(self, model: Model, wire: Wire, body: bytes) -> Answer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, service.answer, model, wire, body)

    async def _roll(self, scope: Scope, receive: Receive) -> Answer:
        given = dict(scope["headers"]).get(b"authorization", b"")
        if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            raise RequestError("This route needs the token in the server's home.", status=401)
        wanted = _object(await read_body(receive, self._body_limit))
        async with self._rolling:
            try:
                self.served = await asyncio.to_thread(self._load, wanted)
            except ModelError as error:
                self.metrics.rolls["refused"] += 1
                return Answer(refusal(str(error)), 409)
        self.metrics.rolls["done"] += 1
        return _json(self._identity())

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self.log.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._threads.shutdown()
        self.log.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _identity(self) -> dict[str, object]:
        model = self.served.model
        return {"name": model.name, "version": model.version, "digest": model.digest}

    async def _describe(self, scope: Scope, _: Receive) -> Answer:
        served = self._addressed(scope["path"])
        return Answer(served.v2.describe(served.model))

    async def _model_ready(self, scope: Scope, _: Receive) -> Answer:
        return _json({"name": self._addressed(scope["path"]).model.name, "ready": True})

    def _metrics(self) -> Answer:
        page = self.metrics.render(self.served.model, self.log)
        return Answer(page, content_type=CONTENT_TYPE)


def _page(make: Callable[[], Answer]) -> Route:
    async def handler(_: Scope, __: Receive) -> Answer:
        return make()

    return Route("GET", handler)


def _server() -> Answer:
    return _json({"name": "switchyard", "version": openapi.API_VERSION, "extensions": []})


def _json(facts: dict[str, object]) -> Answer:
    return Answer(orjson.dumps(facts))


def _wrong_method(served: Served, path: str, method: str, allowed: str) -> Answer:
    message = f"{path[:200]} takes {allowed} and not {method}."
    return Answer(served.wire(path).refuse(405, message), 405, allow=allowed.encode())


def _object(body: bytes) -> dict[str, object]:
    try:
        wanted = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"The body is not JSON: {error}") from None
    if not isinstance(wanted, dict):
        raise RequestError("The body must be a JSON object.")
    return wanted
