"""What is added to the routes of the Seldon microservice: errors, limits, readiness, metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from serving import service
from serving.access import OPEN, WANTED, admits
from serving.errors import RequestError
from serving.metrics import CONTENT_TYPE
from serving.reading import TELLING
from serving.seldon_model import HEADERS, RefusedError, SeldonModel
from serving.settings import ServerSettings
from serving.state import read_state
from serving.transport import Answer, oversized, stalled

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

CHUNK = 64 << 10
# Where the body lies that was read.
BODY = "switchyard.body"


def blueprint(model: SeldonModel) -> Blueprint:
    """The routes and error handlers, which the microservice registers before its own."""
    routes = Blueprint("switchyard", __name__)

    @routes.record_once
    def wrap(setup: BlueprintSetupState) -> None:
        state = read_state(model.home)
        settings = state.server if state else ServerSettings()
        setup.app.wsgi_app = Door(setup.app.wsgi_app, settings, model)

    @routes.app_errorhandler(RefusedError)
    def refuse(error: RefusedError) -> Response:
        return respond(error.answer)

    @routes.app_errorhandler(HTTPException)
    def explain(error: HTTPException) -> Response:
        return respond(_explain(error, model))

    # The microservice has these too; on its own way it looks for a form, a query and metrics.
    @routes.post("/api/v1.0/predictions")
    @routes.post("/api/v0.1/predictions")
    def predict() -> Response:
        told = request.args.get("json") if request.query_string else None
        body = told or request.environ[BODY]
        return Response(model.predict_raw(body), content_type="application/json")

    @routes.get("/healthz")
    def live() -> dict[str, object]:
        return {"live": True}

    @routes.get("/readyz")
    def ready() -> dict[str, object]:
        return model.identity()

    @routes.get("/metrics")
    def metrics() -> Response:
        page = model.counters.render(model.served.model, model.log)
        return Response(page, content_type=CONTENT_TYPE.decode())

    return routes


class Door:
    """Lets in who brings the key, and takes in the whole body before anything else reads of it.

    The microservice would read a form out of a body whose type the client did not declare.
    """

    def __init__(self, app: Wsgi, settings: ServerSettings, model: SeldonModel) -> None:
        self._app = app
        self._settings = settings
        self._key = settings.api_key.encode()
        self._model = model

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        try:
            self._admit(environ)
            if environ["REQUEST_METHOD"] == "POST":
                body = read(environ["wsgi.input"], self._settings)
                environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
                environ[BODY] = body
                environ["CONTENT_TYPE"] = "application/json"
                HEADERS.set(_headers(environ, TELLING))
        except RequestError as error:
            answer = service.refused(self._model.served.seldon, error.status, str(error))
            if error.status == 401:
                answer.headers = ((b"www-authenticate", b"Bearer"),)
            self._model.count(answer)
            refusal: Iterable[bytes] = respond(answer)(environ, start_response)
            return refusal
        return self._app(environ, start_response)

    def _admit(self, environ: Environ) -> None:
        given = _headers(environ, (b"authorization", b"x-api-key"))
        open_to_all = not self._key or OPEN.fullmatch(environ["PATH_INFO"])
        if not open_to_all and not admits(self._key, given):
            raise RequestError(WANTED, status=401)


def _headers(environ: Environ, names: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """Those of a request's headers."""
    keys = {name: "HTTP_" + name.decode().upper().replace("-", "_") for name in names}
    return [(n, environ[key].encode("latin-1")) for n, key in keys.items() if key in environ]


def read(stream: Any, settings: ServerSettings) -> bytes:
    """The whole body of a request.

    Of what comes above the limit as much again is read and dropped, so that its sender reads the
    answer.
    """
    chunks, size, limit = [], 0, settings.body_limit
    try:
        while size <= 2 * limit and (chunk := stream.read(CHUNK)):
            size += len(chunk)
            if size <= limit:
                chunks.append(chunk)
    except BlockingIOError:  # The listening socket has a time limit, which connections inherit.
        raise stalled(settings.patience) from None
    if size > limit:
        raise oversized(limit)
    return b"".join(chunks)


def respond(answer: Answer) -> Response:
    """An answer as Flask sends it."""
    content_type = answer.content_type.decode()
    response = Response(answer.body, status=answer.status, content_type=content_type)
    for name, value in answer.headers:
        response.headers[name.decode()] = value.decode()
    return response


def _explain(error: HTTPException, model: SeldonModel) -> Answer:
    path, taken = request.path, _methods(request.path)
    status, message = error.code or 500, str(error)
    answer = service.refused(model.served.seldon, status, message)
    # The microservice looks for a static page under every path, so that it mixes these two up.
    if status in (404, 405) and not taken:
        message = f"There is nothing at {path[:200]}."
        answer = service.refused(model.served.seldon, 404, message)
    elif status in (404, 405):
        message = f"{path} takes {taken} and not {request.method}."
        answer = service.refused(model.served.seldon, 405, message)
        answer.headers = ((b"allow", taken.encode()),)
    return answer


def _methods(path: str) -> str:
    """The methods that a path takes; nothing where it leads nowhere."""
    rules = [rule.methods for rule in current_app.url_map.iter_rules() if rule.rule == path]
    return " or ".join(sorted(set().union(*rules) - {"HEAD", "OPTIONS"}))
