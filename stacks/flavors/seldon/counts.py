"""What the pods of a predictor counted since a trial began, as their /metrics show it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from serving.spec import Sample
from stacks.flavors.seldon.cluster import Cluster

_LINE = re.compile(r"(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>[-+0-9.eE]+|NaN|[+-]?Inf)")
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
REQUESTS, SECONDS = "switchyard_requests_total", "switchyard_request_seconds_bucket"
# What a pod on trial tells of the version that it tries. Where that one fails, the other answers
# in its place, so that its errors stand here alone.
TRIED = {
    "switchyard_trial_errors": "errors",
    "switchyard_trial_compared_rows": "compared",
    "switchyard_trial_agreed_rows": "agreed",
    "switchyard_trial_skipped_rows": "skipped",
}
LARGEST = "switchyard_trial_largest_difference"


@dataclass
class Counts:
    """Prediction requests, those that failed by the server's fault, and how long they took.

    Args:
        buckets: By upper bound in seconds, how many took at most so long.
        compared: Rows of a version on trial that the one which serves was asked for, too.
        largest: The largest difference of two scores; it is no count.
    """

    requests: int = 0
    errors: int = 0
    buckets: dict[str, int] = field(default_factory=dict)
    compared: int = 0
    agreed: int = 0
    skipped: int = 0
    largest: float = 0.0

    def since(self, before: Counts) -> Counts:
        """What was counted after an earlier reading; a server that restarted counts from zero."""
        if before.requests > self.requests:
            return self
        return Counts(
            self.requests - before.requests,
            max(self.errors - before.errors, 0),
            {bound: n - before.buckets.get(bound, 0) for bound, n in self.buckets.items()},
            max(self.compared - before.compared, 0),
            max(self.agreed - before.agreed, 0),
            max(self.skipped - before.skipped, 0),
            self.largest,
        )

    def plus(self, other: Counts) -> Counts:
        """Both together."""
        bounds = {**self.buckets, **other.buckets}
        return Counts(
            self.requests + other.requests,
            self.errors + other.errors,
            {b: self.buckets.get(b, 0) + other.buckets.get(b, 0) for b in bounds},
            self.compared + other.compared,
            self.agreed + other.agreed,
            self.skipped + other.skipped,
            max(self.largest, other.largest),
        )

    def quantile(self, share: float) -> float:
        """A quantile of the latency in ms, taken to be even within a bucket; NaN without any."""
        bounds = sorted((_number(bound), count) for bound, count in self.buckets.items())
        total = bounds[-1][1] if bounds else 0
        low = below = 0.0
        for bound, count in bounds:
            if total and count >= share * total:
                if math.isinf(bound):
                    return low * 1000
                inside = (share * total - below) / max(count - below, 1.0)
                return (low + (bound - low) * inside) * 1000
            low, below = bound, count
        return math.nan

    def sample(self, version: str) -> Sample:
        """As a deployment's trial is told."""
        p50, p99 = self.quantile(0.5), self.quantile(0.99)
        return Sample(version, self.requests, self.errors, p50, p99)


def parse(page: str) -> Counts:
    """The counts on one server's page."""
    counts = Counts()
    for line in page.splitlines():
        if not (found := _LINE.fullmatch(line)):
            continue
        labels = dict(_LABEL.findall(found["labels"] or ""))
        if found["name"] == REQUESTS:
            number = int(float(found["value"]))
            counts.requests += number
            counts.errors += number if labels.get("code", "").startswith("5") else 0
        elif found["name"] == SECONDS:
            bound = labels.get("le", "+Inf")
            counts.buckets[bound] = counts.buckets.get(bound, 0) + int(float(found["value"]))
        elif name := TRIED.get(found["name"]):
            setattr(counts, name, getattr(counts, name) + int(float(found["value"])))
        elif found["name"] == LARGEST:
            counts.largest = float(found["value"])
    return counts


def read(
    cluster: Cluster, pods: Iterable[dict[str, Any]], port: int, inside: bool = False
) -> dict[str, Counts]:
    """The counts of each pod by its name.

    Args:
        inside: Whether this process may reach a pod by its address. The role of a pipeline's pods
            seldom lets them go through the API server.
    """
    found = {}
    for pod in pods:
        name = pod["metadata"]["name"]
        page = _direct(pod, port) if inside else ""
        if page := page or cluster.metrics(name, port):
            found[name] = parse(page)
    return found


def _direct(pod: dict[str, Any], port: int) -> str:
    address = (pod.get("status") or {}).get("podIP") or ""
    host = f"[{address}]" if ":" in address else address
    try:
        answer = httpx.get(f"http://{host}:{port}/metrics", timeout=5.0, trust_env=False)
    except httpx.HTTPError:
        return ""
    return answer.text if answer.status_code == httpx.codes.OK else ""


def total(now: dict[str, Counts], before: dict[str, Counts]) -> Counts:
    """What all pods counted after an earlier reading."""
    result = Counts()
    for name, counts in now.items():
        result = result.plus(counts.since(before.get(name, Counts())))
    return result


def _number(bound: str) -> float:
    return math.inf if bound == "+Inf" else float(bound)
