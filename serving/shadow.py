"""Asks a version beside the request's path what another version has answered already."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from serving import service
from serving.errors import RequestError
from serving.model import Prediction
from serving.reading import read
from serving.rollout import Agreement, Tally
from serving.service import Served

# In bytes and in requests: what may wait to be asked.
ROOM, PLACES = 8 << 20, 1000
# Between two requests, in seconds: those that a client waits for come in between.
PAUSE = 0.0005


@dataclass(frozen=True, slots=True)
class Answered:
    """A request and the answer that its client got.

    Args:
        labels: The class of each row; empty in a regression.
    """

    path: str
    body: bytes
    labels: Sequence[object]
    scores: NDArray[np.float32]


class Shadow:
    """A thread with a bounded queue; what it meets never reaches a client.

    Args:
        tally: Counts the version's failures and latencies; None where its own answers to clients
            are counted already.
    """

    def __init__(self, version: Served, agreement: Agreement, tally: Tally | None) -> None:
        self._version = version
        self._agreement = agreement
        self._tally = tally
        self._queue: SimpleQueue[Answered | None] = SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._ended = False
        self._told = False
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def put(self, answered: Answered) -> None:
        """Queue a request, or count its rows as skipped when too many are waiting."""
        size = len(answered.body)
        with self._lock:
            fits = self._waiting + size <= ROOM and self._queue.qsize() < PLACES
            self._waiting += size if fits else 0
        if fits:
            self._queue.put(answered)
        else:
            self._agreement.skip(len(answered.scores))

    def close(self, patience: float = 0.0) -> None:
        """Forget what is waiting and end the thread.

        Args:
            patience: Seconds to wait for its end.
        """
        self._ended = True
        self._queue.put(None)
        self._thread.join(patience)

    def _run(self) -> None:
        while (answered := self._queue.get()) is not None and not self._ended:
            with self._lock:
                self._waiting -= len(answered.body)
            self._ask(answered)
            time.sleep(PAUSE)

    def _ask(self, answered: Answered) -> None:
        # Processor time: what the thread waits for the interpreter is no fault of the version.
        started, failed = time.thread_time(), False
        try:
            prediction = self._predict(answered)
            self._agreement.compare(
                answered.labels, answered.scores, prediction.labels, prediction.scores
            )
        except RequestError:
            self._agreement.refuse(len(answered.scores))
        except Exception as error:
            failed = True
            self._tell(error)
        if self._tally is not None:
            self._tally.count(time.thread_time() - started, failed)

    def _predict(self, answered: Answered) -> Prediction:
        """Do what an answer takes, the writing of its body too."""
        model, wire = self._version.model, self._version.wire(answered.path)
        call = read(model, wire, answered.body)
        prediction = model.predict(call.columns)
        wire.write(call, call.id, model, prediction)
        return prediction

    def _tell(self, error: Exception) -> None:
        """Put the first failure into the server's log; the next ones would fill the disk."""
        if not self._told:
            self._told = True
            model = self._version.model
            what = f"version {model.version} failed beside the one that answers"
            service.tell(what, error, private=bool(model.sensitive))
