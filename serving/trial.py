"""A version on trial beside the one that serves, inside the server."""

from __future__ import annotations

import time

from serving import service
from serving.errors import RequestError
from serving.reading import read
from serving.rollout import Agreement, Tally, chosen
from serving.service import Served
from serving.shadow import Answered, Shadow
from serving.spec import GRPC_INFER, SELDON_PATHS, Observation, Traffic
from serving.transport import Answer


class Trial:
    """Answers requests from two versions and keeps account of both.

    Args:
        stable: The version that serves.
        candidate: The version on trial.
    """

    def __init__(self, stable: Served, candidate: Served, traffic: Traffic) -> None:
        self.stable, self.candidate, self.traffic = stable, candidate, traffic
        # A path that names a version is answered by that version and by no choice.
        self.paths = frozenset((*SELDON_PATHS, GRPC_INFER, f"/v2/models/{stable.model.name}/infer"))
        self._tallies = Tally(), Tally()
        self._agreement = Agreement(stable.model, candidate.model, traffic.tolerance)
        if traffic.mode == "shadow":
            self._shadow = Shadow(candidate, self._agreement, self._tallies[1])
        else:
            self._shadow = Shadow(stable, self._agreement, None)

    def answer(self, path: str, body: bytes) -> Answer:
        """Answer a request from the version that it falls to."""
        falls = chosen(self.traffic, self._id(path, body), self.candidate.model.digest)
        if self.traffic.mode == "shadow":
            return self._shadowed(path, body, falls)
        if falls:
            return self._tried(path, body)
        answer = _ask(self.stable, path, body)
        self._tallies[0].count(answer.seconds, answer.status >= 500)
        return answer

    def observation(self) -> Observation:
        """The trial as far as it has come."""
        stable, candidate, seen = self.stable.model, self.candidate.model, self._agreement
        return Observation(
            name=stable.name,
            traffic=self.traffic,
            stable=self._tallies[0].sample(stable.version),
            trial=self._tallies[1].sample(candidate.version),
            compared=seen.compared,
            agreed=seen.agreed,
            largest=seen.largest,
            skipped=seen.skipped,
        )

    def is_asked_for(self, version: str) -> bool:
        """Whether a path that names this version may be answered; a shadow never answers."""
        return self.traffic.mode == "canary" and version == self.candidate.model.version

    def close(self, patience: float = 0.0) -> None:
        """Ask nothing more beside the requests' path."""
        self._shadow.close(patience)

    def _tried(self, path: str, body: bytes) -> Answer:
        """Answer from the version on trial; the other one answers where it does not.

        A version on trial makes no request fail that the one which serves can answer.
        """
        answer = _ask(self.candidate, path, body)
        failed = answer.status >= 500
        self._tallies[1].count(answer.seconds, failed)
        if answer.record is not None:
            self._compare(path, body, answer)
            return answer
        answer = _ask(self.stable, path, body)
        if answer.record is not None and not failed:
            self._agreement.refuse(len(answer.record.scores))
        return answer

    def _shadowed(self, path: str, body: bytes, falls: bool) -> Answer:
        """Answer from the version that serves and let the other one be asked beside."""
        # Processor time, as the shadow is measured in.
        started = time.thread_time()
        answer = _ask(self.stable, path, body)
        self._tallies[0].count(time.thread_time() - started, answer.status >= 500)
        if falls and answer.record is not None:
            self._compare(path, body, answer)
        return answer

    def _compare(self, path: str, body: bytes, answer: Answer) -> None:
        record = answer.record
        if record is not None:
            self._shadow.put(Answered(path, body, record.labels or [], record.scores))

    def _id(self, path: str, body: bytes) -> str:
        """The client's request id, where the choice depends on it."""
        if not self.traffic.sticky:
            return ""
        try:
            return read(self.stable.model, self.stable.wire(path), body).id
        except RequestError:  # Whichever version it falls to refuses it.
            return ""


def _ask(served: Served, path: str, body: bytes) -> Answer:
    return service.answer(served.model, served.wire(path), body)
