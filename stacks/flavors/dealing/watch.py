"""Watching a run in two places, where it runs and in ZenML, until both agree that it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from serving.errors import RunError

SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"
ENDED = {SUCCEEDED, FAILED, "CANCELED", "SKIPPED", "ERROR"}
DONE = {"completed", "cached", "skipped"}
OVER = {*DONE, "failed", "stopped", "cancelled"}


@dataclass(frozen=True)
class Look:
    """A run as it is at one moment.

    Args:
        there: Its state where it runs, in Kubeflow's words.
        zenml: ZenML's status of the run.
        steps: ZenML's status of each step that has begun.
        reason: What is said there of the pods that failed.
        where: What runs it.
        unit: What a step runs in there.
    """

    there: str
    zenml: str
    steps: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    where: str = "Kubeflow"
    unit: str = "pod"

    @property
    def has_ended(self) -> bool:
        """Whether both say that it is over."""
        return self.there in ENDED and self.zenml in OVER

    @property
    def is_apart(self) -> bool:
        """Whether one of them says that it is over and the other does not."""
        return (self.there in ENDED) != (self.zenml in OVER)

    @property
    def has_failed(self) -> bool:
        """Whether either says that it did not succeed."""
        return self.there in ENDED - {SUCCEEDED} or self.zenml not in DONE


class Lost(Exception):  # noqa: N818  (not an error of its own: it is told as one of ours)
    """What runs it did not answer this time."""


@dataclass
class Watch:
    """What is asked, how often, and for how long.

    Args:
        look: Asks both; raises Lost where one of them does not answer.
        tell: Takes each step's name with its new status.
    """

    look: Callable[[], Look]
    tell: Callable[[str, str], None]
    poll: float
    patience: float
    timeout: float
    where: str = "Kubeflow"

    def until_the_end(self) -> Look:
        """The last look, at a run that has ended for both or for one of them for too long.

        Raises:
            TimeoutError: It has not ended in time.
            RunError: What runs it does not answer any more.
        """
        begun = heard = time.monotonic()
        apart: float | None = None
        told: dict[str, str] = {}
        while True:
            now = time.monotonic()
            try:
                seen, heard = self.look(), now
            except Lost as error:
                if now - heard > self.patience:
                    raise RunError(f"{self.where} does not answer any more: {error}") from error
            else:
                self._report(seen, told)
                apart = (apart or now) if seen.is_apart else None
                if seen.has_ended or (apart and now - apart > self._grace(seen)):
                    return seen
            if now - begun > self.timeout:
                raise TimeoutError
            time.sleep(self.poll)

    def _grace(self, seen: Look) -> float:
        # Where it has ended there, no pod is left that could tell ZenML anything.
        return min(3 * self.poll, self.patience) if seen.there in ENDED else self.patience

    def _report(self, seen: Look, told: dict[str, str]) -> None:
        for step, status in seen.steps.items():
            if told.get(step) != status:
                self.tell(step, status)
                told[step] = status
