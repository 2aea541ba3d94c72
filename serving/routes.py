"""The server's routes, as an ASGI application."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import orjson

from serving import docs, openapi, service
from serving.admin import Admin, Versions, identity
from serving.errors import RequestError
from serving.feedback import Label, read_labels, read_truth
from serving.log import PredictionLog
from serving.metrics import CONTENT_TYPE, Metrics
from serving.model import Model
from serving.protocols import Wire
from serving.reading import headed
from serving.schema import TableSchema
from serving.service import Served
from serving.settings import ServerSettings
from serving.spec import SELDON_FEEDBACK
from serving.transport import Answer, Receive, Route, Scope, Send, read_body, send_answer
from serving.trial import Trial

# A body above this is parsed, scored and written in a thread: some hundred rows, a few
# milliseconds, in which every other request would wait.
INLINE = 64 << 10
HTML = b"text/html; charset=utf-8"
TEXT = b"text/plain; charset=utf-8"
CLOSE = ((b"connection", b"close"),)
DEFAULTS = ServerSettings()


class App:
    """Answers for one model, which a roll replaces in place.

    Args:
        token: What the admin routes ask for.
        settings: The limits on a request's body.
    """

    def __init__(
        self,
        served: Served,
        log: PredictionLog,
        versions: Versions,
        *,
        token: str,
        settings: ServerSettings = DEFAULTS,
    ) -> None:
        self.served = served
        self.trial: Trial | None = None
        self.log = log
        self.metrics = Metrics()
        self._limits = settings.body_limit, settings.patience
        self.limit = settings.body_limit
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="batch")
        self._infer = Route("POST", self._predict)
        self._routes = {
            "/v2": _page(_server),
            "/v2/health/live": _page(lambda: _json({"live": True})),
            "/v2/health/ready": _page(lambda: _json({"ready": True})),
            "/health/ping": _page(lambda: Answer(b"pong", content_type=TEXT)),
            "/health/status": _page(lambda: Answer(self.served.seldon.status(self.served.model))),
            "/metadata": _page(lambda: Answer(self.served.v2.describe(self.served.model))),
            "/healthz": _page(lambda: _json({"live": True})),
            "/readyz": _page(
                lambda: _json({"ready": True, **identity(self.served), "pid": os.getpid()})
            ),
            "/metrics": _page(self._metrics),
            "/openapi.json": _page(lambda: _json(openapi.document(self.served.model))),
            "/docs": _page(lambda: Answer(docs.page(self.served.model), content_type=HTML)),
            SELDON_FEEDBACK: Route("POST", self._truth),
            **Admin(self, versions, token=token, settings=settings).routes,
        }
        self._model_routes = {
            "": Route("GET", self._describe),
            "ready": Route("GET", self._model_ready),
            "infer": self._infer,
            "feedback": Route("POST", self._feedback),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            return await self._lifespan(receive, send)
        answer = await self._answer(scope, receive)
        await send_answer(send, answer)
        self.keep(answer)
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
            return _refused(self.served.v2, error)
        except Exception as error:
            served = self.served
            return service.broken(served.v2, error, private=bool(served.model.sensitive))

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
        return self.addressed(name, rest[1] if rest[:1] == ["versions"] else None)

    def addressed(self, name: str, version: str | None) -> Served:
        """What serves a model, and a version of it where one is named."""
        served = self.served
        if name != served.model.name:
            hint = f"it serves '{served.model.name}'"
            raise RequestError(f"There is no model '{name[:200]}' here; {hint}.", status=404)
        if version is not None and version != served.model.version:
            trial = self.trial
            if trial is not None and trial.is_asked_for(version):
                return trial.candidate
            hint = f"it serves '{served.model.version}'"
            message = f"Model '{name}' has no version '{version[:200]}' here; {hint}."
            raise RequestError(message, status=404)
        return served

    async def _predict(self, scope: Scope, receive: Receive) -> Answer:
        path = scope["path"]
        try:
            body = headed(await read_body(receive, *self._limits), scope["headers"])
            # Chosen after the body came in, so that a slow client is not answered by a version
            # which others saw replaced long before.
            served = self._addressed(path)
        except RequestError as error:
            wire = self.served.wire(path)
            answer = _refused(wire, error)
            self.metrics.observe(wire.name, answer, self.served.model.version)
            return answer
        return await self.answered(served, path, body)

    async def answered(self, served: Served, path: str, body: bytes) -> Answer:
        """Answer a prediction request, and count it."""
        trial, wire = self.trial, served.wire(path)
        if trial is not None and path in trial.paths:
            answer = await self._tried(trial, path, body)
        elif len(body) <= INLINE:
            answer = service.answer(served.model, wire, body)
        else:
            answer = await self._in_thread(served.model, wire, body)
        self.metrics.observe(wire.name, answer, self.served.model.version)
        return answer

    def keep(self, answer: Answer) -> None:
        """Log an answer that was sent."""
        if answer.record is not None:
            self.log.put(answer.record)

    async def _in_thread(self, model: Model, wire: Wire, body: bytes) -> Answer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, service.answer, model, wire, body)

    async def _tried(self, trial: Trial, path: str, body: bytes) -> Answer:
        if len(body) <= INLINE:
            return trial.answer(path, body)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, trial.answer, path, body)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self.log.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self.trial is not None:
            await asyncio.to_thread(self.trial.close, 5.0)
        self._threads.shutdown()
        self.log.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _describe(self, scope: Scope, _: Receive) -> Answer:
        served = self._addressed(scope["path"])
        return Answer(served.v2.describe(served.model))

    async def _model_ready(self, scope: Scope, _: Receive) -> Answer:
        return _json({"name": self._addressed(scope["path"]).model.name, "ready": True})

    async def _feedback(self, scope: Scope, receive: Receive) -> Answer:
        """Keep labels that came later."""
        body = await read_body(receive, *self._limits)
        model = self._addressed(scope["path"]).model
        labels = await asyncio.to_thread(self._keep_labels, read_labels, model, body)
        return _json({"model_name": model.name, "labels": len(labels)})

    async def _truth(self, _: Scope, receive: Receive) -> Answer:
        """The same in Seldon's form."""
        served = self.served
        try:
            body = await read_body(receive, *self._limits)
            labels = await asyncio.to_thread(self._keep_labels, read_truth, served.model, body)
        except RequestError as error:
            return _refused(served.seldon, error)
        return _json({"data": {"names": [], "ndarray": []}, "meta": {"puid": labels[0]["id"]}})

    def _keep_labels(
        self, reader: Callable[[bytes, TableSchema], list[Label]], model: Model, body: bytes
    ) -> list[Label]:
        labels = reader(body, model.schema)
        self.log.feedback.write(model, labels)
        return labels

    def _metrics(self) -> Answer:
        trial = self.trial.observation() if self.trial is not None else None
        page = self.metrics.render(self.served.model, self.log, trial)
        return Answer(page, content_type=CONTENT_TYPE)


def _page(make: Callable[[], Answer]) -> Route:
    async def handler(_: Scope, __: Receive) -> Answer:
        return make()

    return Route("GET", handler)


def _server() -> Answer:
    return _json(
        {"name": openapi.SERVER, "version": openapi.API_VERSION, "extensions": openapi.EXTENSIONS}
    )


def _json(facts: dict[str, object]) -> Answer:
    return Answer(orjson.dumps(facts))


def _refused(wire: Wire, error: RequestError) -> Answer:
    answer = service.refused(wire, error.status, str(error))
    if error.status == 408:  # What is left of the body is no next request.
        answer.headers = CLOSE
    return answer


def _wrong_method(served: Served, path: str, method: str, allowed: str) -> Answer:
    message = f"{path[:200]} takes {allowed} and not {method}."
    return Answer(
        served.wire(path).refuse(405, message), 405, headers=((b"allow", allowed.encode()),)
    )
