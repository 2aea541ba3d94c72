"""The gRPC server, which answers beside the HTTP one from the same process and the same model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import grpc

from serving.access import OPEN_CALLS, WANTED, admits
from serving.errors import RequestError
from serving.grpc import messages
from serving.grpc.wire import Message
from serving.openapi import API_VERSION, EXTENSIONS, SERVER
from serving.service import Served
from serving.settings import ServerSettings
from serving.spec import GRPC_INFER, GRPC_VERSION_INFER
from serving.transport import Answer

CODES = {
    401: grpc.StatusCode.UNAUTHENTICATED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
}
Call = Callable[[Any], Awaitable[bytes]]
Context = Any  # grpc.aio.ServicerContext, which carries no types.


class Answering(Protocol):
    """What answers, whatever the transport."""

    def addressed(self, name: str, version: str | None) -> Served:
        """What serves a model, and a version of it where one is named."""

    async def answered(self, served: Served, path: str, body: bytes) -> Answer:
        """Answer a prediction request."""

    def keep(self, answer: Answer) -> None:
        """Log an answer that was sent."""


class GRPCServer:
    """Listens on a port of its own."""

    def __init__(self, app: Answering, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings
        self._calls: dict[str, Call] = {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server,
            "ModelMetadata": self._model,
            "ModelInfer": self._infer,
        }

    async def start(self) -> None:
        """Begin to listen."""
        limit = self._settings.body_limit
        options = [
            ("grpc.max_receive_message_length", limit),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        ]
        server = self._listening = grpc.aio.server(options=options)
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(self._handler(name, call))
            for name, call in self._calls.items()
        }
        service = grpc.method_handlers_generic_handler(messages.SERVICE, handlers)
        server.add_generic_rpc_handlers((service,))
        host, port = self._settings.host, self._settings.grpc_port
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if self._settings.certificate:
            server.add_secure_port(where, _credentials(self._settings))
        else:
            server.add_insecure_port(where)
        await server.start()

    async def stop(self, patience: float) -> None:
        """Let begun calls end.

        Args:
            patience: Seconds after which they are cut off.
        """
        await self._listening.stop(patience)

    def _handler(self, name: str, call: Call) -> Callable[[bytes, Context], Awaitable[bytes]]:
        kind, key = messages.message(f"{name}Request"), self._settings.api_key
        is_open = not key or name in OPEN_CALLS

        async def handle(body: bytes, context: Context) -> bytes:
            try:
                if not is_open and not admits(key.encode(), _headers(context)):
                    raise RequestError(WANTED, status=401)
                return await call(messages.parsed(kind, body))
            except RequestError as error:
                await context.abort(_code(error.status), str(error))
                raise

        return handle

    async def _live(self, _: Any) -> bytes:
        return messages.written("ServerLiveResponse", live=True)

    async def _ready(self, _: Any) -> bytes:
        return messages.written("ServerReadyResponse", ready=True)

    async def _model_ready(self, asked: Any) -> bytes:
        self._app.addressed(asked.name, asked.version or None)
        return messages.written("ModelReadyResponse", ready=True)

    async def _server(self, _: Any) -> bytes:
        return messages.written(
            "ServerMetadataResponse", name=SERVER, version=API_VERSION, extensions=EXTENSIONS
        )

    async def _model(self, asked: Any) -> bytes:
        served = self._app.addressed(asked.name, asked.version or None)
        return served.grpc.metadata(served.model)

    async def _infer(self, asked: Any) -> bytes:
        body = Message.of(asked)
        served = self._app.addressed(asked.model_name, asked.model_version or None)
        path = GRPC_VERSION_INFER if asked.model_version else GRPC_INFER
        answer = await self._app.answered(served, path, body)
        if answer.status != 200:
            raise RequestError(answer.body.decode(), status=answer.status)
        self._app.keep(answer)
        return answer.body


def _headers(context: Context) -> list[tuple[bytes, bytes]]:
    given = context.invocation_metadata() or ()
    return [(name.encode(), value.encode()) for name, value in given if isinstance(value, str)]


def _credentials(settings: ServerSettings) -> Any:
    files = settings.key_file, settings.certificate
    return grpc.ssl_server_credentials([tuple(Path(file).read_bytes() for file in files)])


def _code(status: int) -> grpc.StatusCode:
    return CODES.get(status, grpc.StatusCode.INVALID_ARGUMENT)
