"""Two versions side by side: which of them a request meets, and what each of them did."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from serving.model import Model
from serving.spec import Sample, Traffic

# Each bucket of a latency histogram ends 5% above the one before: 10 microseconds to a minute.
FIRST, STEP, BUCKETS = 1e-5, math.log(1.05), 320


def chosen(traffic: Traffic, request_id: str, salt: str) -> bool:
    """Whether a request falls into the share of a trial.

    Args:
        request_id: The client's own; without one a sticky choice falls back to chance.
        salt: Makes another trial choose other ids.
    """
    if traffic.sticky and request_id:
        hashed = blake2b(f"{salt}\0{request_id}".encode(errors="replace"), digest_size=8)
        return int.from_bytes(hashed.digest(), "big") < traffic.share * 2**64
    return random.random() < traffic.share  # noqa: S311  (a draw, and no secret)


class Tally:
    """Requests, failures and latencies of one version, in a fixed amount of memory."""

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self._buckets = [0] * (BUCKETS + 1)
        self._lock = threading.Lock()

    def count(self, seconds: float, failed: bool) -> None:
        """Count one answer."""
        place = int(math.log(max(seconds, FIRST) / FIRST) / STEP)
        with self._lock:
            self.requests += 1
            self.errors += failed
            self._buckets[min(place, BUCKETS)] += 1

    def quantile(self, share: float) -> float:
        """The milliseconds within which that share was answered, to 5%; NaN without a request."""
        wanted, seen = share * self.requests, 0
        for place, count in enumerate(self._buckets):
            seen += count
            if count and seen >= wanted:
                return 1000 * FIRST * math.exp((place + 0.5) * STEP)
        return math.nan

    def sample(self, version: str) -> Sample:
        """What was counted so far."""
        p50, p99 = self.quantile(0.5), self.quantile(0.99)
        return Sample(version, self.requests, self.errors, p50, p99)


class Agreement:
    """How far two versions give the same answers to the same rows."""

    def __init__(self, stable: Model, trial: Model, tolerance: float) -> None:
        self.compared = 0
        self.agreed = 0
        self.largest = 0.0
        self.skipped = 0
        self._tolerance = tolerance
        self._regression = not stable.schema.classes
        self._same_classes = stable.schema.classes == trial.schema.classes
        self._lock = threading.Lock()

    def compare(
        self,
        labels: Sequence[object],
        scores: NDArray[np.float32],
        other_labels: Sequence[object],
        other_scores: NDArray[np.float32],
    ) -> None:
        """Count the rows of one request as both versions answered them."""
        apart = np.zeros(0, dtype=np.float32)
        if self._same_classes:
            apart = np.abs(scores - other_scores).max(axis=1)
        if self._regression and self._same_classes:
            same = int((apart <= self._tolerance).sum())
        else:
            same = sum(one == other for one, other in zip(labels, other_labels, strict=True))
        with self._lock:
            self.compared += len(scores)
            self.agreed += same
            self.largest = max(self.largest, float(apart.max(initial=0.0)))

    def refuse(self, rows: int) -> None:
        """Count rows that one version answered and the other refused."""
        with self._lock:
            self.compared += rows

    def skip(self, rows: int) -> None:
        """Count rows that there was no room to compare."""
        with self._lock:
            self.skipped += rows
