"""The routes that change what a server serves; they ask for the token in its home."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import orjson

from serving.errors import ModelError, RequestError
from serving.metrics import Metrics
from serving.protocols.v2 import refusal
from serving.service import Served
from serving.settings import ServerSettings
from serving.spec import Traffic
from serving.transport import Answer, Handler, Receive, Route, Scope, read_body
from serving.trial import Trial


class Serving(Protocol):
    """What is served at this moment, and what is on trial beside it."""

    served: Served
    trial: Trial | None
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Versions:
    """Where versions come from.

    Args:
        load: Loads the version that the body of a request asks for; raises ModelError when it is
            broken.
        keep: Records a version as the one to be served, so that a restart comes back with it.
    """

    load: Callable[[dict[str, object]], Served]
    keep: Callable[[Served], None]


class Admin:
    """Changes one at a time."""

    def __init__(
        self, app: Serving, versions: Versions, *, token: str, settings: ServerSettings
    ) -> None:
        self._app = app
        self._versions = versions
        self._token = token
        self._limits = settings.body_limit, settings.patience
        self._one = asyncio.Lock()
        self._lease: asyncio.TimerHandle | None = None

    @property
    def routes(self) -> dict[str, Route]:
        """The routes by path."""
        return {
            "/admin/roll": self._route("POST", self._roll),
            "/admin/try": self._route("POST", self._try_out),
            "/admin/finish": self._route("POST", self._finish),
            "/admin/withdraw": self._route("POST", self._withdraw),
            "/admin/trial": self._route("GET", self._observe),
        }

    def _route(self, method: str, handler: Handler) -> Route:
        """A route that asks for the token and waits for its turn."""

        async def guarded(scope: Scope, receive: Receive) -> Answer:
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
                raise RequestError("This route needs the token in the server's home.", status=401)
            async with self._one:
                try:
                    return await handler(scope, receive)
                except ModelError as error:
                    self._app.metrics.rolls["refused"] += 1
                    return Answer(refusal(str(error)), 409)

        return Route(method, guarded)

    async def _roll(self, _: Scope, receive: Receive) -> Answer:
        """Let another version take the place of the one that serves."""
        served = await self._loaded(await self._asked(receive))
        return await self._switch(served, "replaced")

    async def _try_out(self, _: Scope, receive: Receive) -> Answer:
        """Let another version have its share beside the one that serves."""
        wanted = await self._asked(receive)
        traffic = _traffic(wanted)
        served = await self._loaded(wanted)
        self._end("replaced")
        trial = self._app.trial = Trial(self._app.served, served, traffic)
        loop = asyncio.get_running_loop()
        self._lease = loop.call_later(traffic.lease, self._end, "expired", trial)
        return self._identity()

    async def _finish(self, _: Scope, __: Receive) -> Answer:
        """Let the version on trial take the place of the one that serves."""
        if self._app.trial is None:
            return Answer(refusal("No version is on trial."), 404)
        return await self._switch(self._app.trial.candidate, "finished")

    async def _withdraw(self, _: Scope, __: Receive) -> Answer:
        """End the trial."""
        self._end("withdrawn")
        return self._identity()

    async def _observe(self, _: Scope, __: Receive) -> Answer:
        trial = self._app.trial
        # A latency that is not known is no number, which becomes null.
        return _json({"trial": None if trial is None else asdict(trial.observation())})

    async def _asked(self, receive: Receive) -> dict[str, object]:
        return _object(await read_body(receive, *self._limits))

    async def _loaded(self, wanted: dict[str, object]) -> Served:
        return await asyncio.to_thread(self._versions.load, wanted)

    async def _switch(self, served: Served, why: str) -> Answer:
        await asyncio.to_thread(self._versions.keep, served)
        self._app.served = served
        self._end(why)
        self._app.metrics.rolls["done"] += 1
        return self._identity()

    def _end(self, why: str, only: Trial | None = None) -> None:
        """End the trial that is under way, or only that one."""
        trial = self._app.trial
        if trial is None or only not in (None, trial):
            return
        self._app.trial = None
        self._app.metrics.trials[why] += 1
        if self._lease is not None:
            self._lease.cancel()
        trial.close()

    def _identity(self) -> Answer:
        return _json(identity(self._app.served))


def identity(served: Served) -> dict[str, object]:
    """Which version it is."""
    model = served.model
    return {"name": model.name, "version": model.version, "digest": model.digest}


def _traffic(wanted: dict[str, Any]) -> Traffic:
    try:
        traffic = Traffic(**wanted["traffic"])
        if traffic.mode in ("canary", "shadow") and 0 < traffic.share <= 1 and traffic.lease > 0:
            return traffic
    except (KeyError, TypeError):
        pass
    raise RequestError('"traffic" must hold a mode, a share above 0 and at most 1, and a lease.')


def _json(facts: dict[str, object]) -> Answer:
    return Answer(orjson.dumps(facts))


def _object(body: bytes) -> dict[str, object]:
    try:
        wanted = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"The body is not JSON: {error}") from None
    if not isinstance(wanted, dict):
        raise RequestError("The body must be a JSON object.")
    return wanted
