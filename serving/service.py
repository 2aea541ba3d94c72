"""From a request's body to the body of its answer, whatever the protocol and the transport."""

from __future__ import annotations

import sys
import time
import traceback
from contextlib import suppress
from itertools import count
from uuid import uuid4

from serving.errors import RequestError
from serving.grpc.wire import GRPC
from serving.log import Record
from serving.model import Model, Prediction
from serving.protocols import Call, Wire
from serving.protocols.binary import Framed
from serving.protocols.seldon import Seldon
from serving.protocols.v2 import V2
from serving.reading import read
from serving.spec import GRPC_INFER, GRPC_VERSION_INFER, SELDON_PATHS
from serving.transport import Answer

OCTETS = b"application/octet-stream"
PROCESS = uuid4().hex[:16]
COUNTER = count(1)


class Served:
    """A model with its protocols: all that a roll replaces, in one reference.

    Args:
        bundle: The name of its directory in the home, where it has one.
    """

    def __init__(self, model: Model, bundle: str = "") -> None:
        self.model = model
        self.bundle = bundle
        self.v2 = V2(model.schema)
        self.seldon = Seldon(model.schema)
        self.grpc = GRPC(model.schema)
        self._wires: dict[str, Wire] = {
            **dict.fromkeys(SELDON_PATHS, self.seldon),
            **dict.fromkeys((GRPC_INFER, GRPC_VERSION_INFER), self.grpc),
        }
        base = f"/v2/models/{model.name}"
        self.infer_paths = frozenset(
            (*SELDON_PATHS, f"{base}/infer", f"{base}/versions/{model.version}/infer")
        )

        # As a request's first line has them.
        self.targets = {path.encode(): self.wire(path) for path in self.infer_paths}

    def wire(self, path: str) -> Wire:
        """The protocol that is spoken at a path."""
        return self._wires.get(path, self.v2)


def answer(model: Model, wire: Wire, body: bytes) -> Answer:
    """Answer a prediction request; what is wrong with it is told in the protocol's own form."""
    started = time.perf_counter()
    try:
        call = read(model, wire, body)
        prediction = model.predict(call.columns)
        request_id = call.id or next_id()
        text = wire.write(call, request_id, model, prediction)
    except RequestError as error:
        return refused(wire, error.status, str(error), time.perf_counter() - started)
    except Exception as error:
        seconds = time.perf_counter() - started
        return broken(wire, error, seconds, private=bool(model.sensitive))
    seconds = time.perf_counter() - started
    record = _record(model, call, request_id, prediction, seconds)
    made = Answer(text, seconds=seconds, record=record)
    if isinstance(text, Framed):
        made.content_type, made.headers = OCTETS, text.headers
    return made


def next_id() -> str:
    """An id that no other request has: random for the process, counted within it."""
    return f"{PROCESS}-{next(COUNTER):x}"


def refused(wire: Wire, status: int, message: str, seconds: float = 0.0) -> Answer:
    """The answer to a request that is wrong."""
    return Answer(wire.refuse(status, message), status, seconds=seconds)


def broken(wire: Wire, error: Exception, seconds: float = 0.0, *, private: bool) -> Answer:
    """The answer when the server is at fault: its log gets the traceback, the client a number."""
    number = next_id()
    tell(f"failure {number}", error, private=private)
    message = f"The server failed; its log tells more under {number}."
    return refused(wire, 500, message, seconds)


def tell(what: str, error: Exception, *, private: bool) -> None:
    """Put a failure into the server's log.

    Args:
        private: The error's own words, which may hold a value, are kept from the log.
    """
    words = [*traceback.format_tb(error.__traceback__), f"{type(error).__name__}\n"]
    told = "".join(words if private else traceback.format_exception(error))
    # The log's disk may be full, and the client has its number all the same.
    with suppress(OSError):
        print(f"{what}\n{told}", file=sys.stderr, end="", flush=True)


def _record(
    model: Model, call: Call, request_id: str, prediction: Prediction, seconds: float
) -> Record:
    labels = prediction.labels if model.schema.classes else None
    ms = round(seconds * 1000, 3)
    name, version, scores = model.name, model.version, prediction.scores
    now, sensitive = time.time(), model.sensitive
    return Record(now, request_id, name, version, call.columns, labels, scores, ms, sensitive)
