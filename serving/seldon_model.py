"""The class that seldon-core-microservice runs: the same model, protocol and log as everywhere."""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from serving import service
from serving.errors import DeployError, SwitchyardError
from serving.listening import tell
from serving.log import PredictionLog, open_log
from serving.metrics import Metrics
from serving.model import Model
from serving.reading import headed
from serving.service import Served
from serving.state import read_state
from serving.transport import Answer

if TYPE_CHECKING:
    from flask import Blueprint


# The headers of the request that a thread answers, which the microservice does not hand over.
HEADERS: ContextVar[Sequence[tuple[bytes, bytes]]] = ContextVar("headers", default=())


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode(errors="replace"))
        self.answer = answer


class SeldonModel:
    """The model that a home's state names; every worker process loads its own.

    Args:
        home: The server's own directory.
        shipper: The Python that ships the prediction log.
    """

    def __init__(self, home: str, shipper: str = sys.executable) -> None:
        self.home = Path(home)
        self._shipper = shipper
        self.served: Served
        self.log: PredictionLog
        # Not "metrics", which the microservice would call.
        self.counters = Metrics()
        self._counting = threading.Lock()

    def load(self) -> None:
        """Load the version that is to be served now, and begin its log."""
        try:
            self.served = _load(self.home)
        except SwitchyardError as error:
            tell(error)
            raise
        except AttributeError as error:  # One that the microservice takes for "has no load".
            raise RuntimeError(str(error)) from error
        # The web server's code leaves nothing of the log's in the processor's cache: many records
        # are written down in a fraction of the time that each takes alone.
        self.log = open_log(self.home, self._shipper, inline=0)
        self.log.start()
        atexit.register(self._end)
        # What is loaded by now stays: the collector need not walk it, nor run every few requests.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)

    def predict_raw(self, message: bytes | str | Mapping[str, Any]) -> bytes | dict[str, Any]:
        """Answer a whole request, so that text, numbers and null reach the model as they came.

        Args:
            message: The body; where the microservice was not told to hand it over, what it parsed.

        Raises:
            RefusedError: The request is wrong.
        """
        if isinstance(message, Mapping):
            parsed: dict[str, Any] = orjson.loads(self._answer(json.dumps(message).encode()))
            return parsed
        return self._answer(message.encode() if isinstance(message, str) else message)

    def identity(self) -> dict[str, object]:
        """What is served, by which process of which server."""
        model = self.served.model
        who = {"name": model.name, "version": model.version, "digest": model.digest}
        return {"ready": True, **who, "pid": os.getppid(), "worker": os.getpid()}

    def init_metadata(self) -> dict[str, object]:
        """What the microservice tells at /metadata; the version, which changes, is at /readyz."""
        state = read_state(self.home)
        return {"name": state.name if state else "", "platform": "onnxruntime_onnx"}

    @property
    def model_error_handler(self) -> Blueprint:
        """What the microservice adds to its routes."""
        from serving.seldon_routes import blueprint

        return blueprint(self)

    def _end(self) -> None:
        # The microservice tells a worker to end until it has: not to be told again on the way out.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.log.close()

    def _answer(self, body: bytes) -> bytes:
        body = headed(body, HEADERS.get())
        answer = service.answer(self.served.model, self.served.seldon, body)
        self.count(answer)
        if answer.status != 200:
            raise RefusedError(answer)
        if answer.record is not None:
            self.log.put(answer.record)
        return answer.body

    def count(self, answer: Answer) -> None:
        """Count an answer; several threads give them."""
        with self._counting:
            self.counters.observe("seldon", answer, self.served.model.version)


def _load(home: Path) -> Served:
    state = read_state(home)
    if state is None:
        raise DeployError(f"{home} holds no service.json: nothing was deployed there.")
    return Served(Model.load(home / "versions" / state.bundle, digest=state.digest))
