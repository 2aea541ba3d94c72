"""What /metrics shows, in Prometheus' text format."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping

from serving.log import PredictionLog
from serving.model import Model
from serving.spec import Observation
from serving.transport import Answer

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts of what the server answered since it started."""

    def __init__(self) -> None:
        self.started = time.time()
        self.rolls: Counter[str] = Counter()
        self.trials: Counter[str] = Counter()
        self._requests: dict[tuple[str, str, int], int] = {}
        self._rows = 0
        self._seconds = 0.0
        self._buckets = [0] * (len(BOUNDS) + 1)

    def observe(self, protocol: str, answer: Answer, version: str) -> None:
        """Count one answered prediction request.

        Args:
            version: The version that serves; a prediction names the one that it is from itself.
        """
        record = answer.record
        key = record.version if record is not None else version, protocol, answer.status
        self._requests[key] = self._requests.get(key, 0) + 1
        self._seconds += answer.seconds
        self._buckets[bisect_left(BOUNDS, answer.seconds)] += 1
        if record is not None:
            self._rows += len(record.scores)

    def render(self, model: Model, log: PredictionLog, trial: Observation | None = None) -> bytes:
        """The whole page."""
        requests = {
            _labels(version=version, protocol=protocol, code=str(status)): count
            for (version, protocol, status), count in sorted(self._requests.items())
        }
        rolls = {_labels(result=result): count for result, count in sorted(self.rolls.items())}
        trials = {_labels(result=result): count for result, count in sorted(self.trials.items())}
        info = _labels(model=model.name, version=model.version, digest=model.digest)
        prefix = "switchyard_"
        lines = [
            *_family(f"{prefix}requests_total", "counter", "Prediction requests.", requests),
            *_family(f"{prefix}rows_total", "counter", "Rows predicted.", {"": self._rows}),
            *self._histogram(f"{prefix}request_seconds"),
            *_family(f"{prefix}rolls_total", "counter", "Attempts to change the model.", rolls),
            *_family(f"{prefix}trials_total", "counter", "Trials that ended.", trials),
            *_trial(f"{prefix}trial", trial),
            *_log(f"{prefix}log_", log),
            *_family(f"{prefix}model_info", "gauge", "The model that answers.", {info: 1}),
            *_family(
                "process_start_time_seconds", "gauge", "Start of the server.", {"": self.started}
            ),
        ]
        return ("\n".join(lines) + "\n").encode()

    def _histogram(self, name: str) -> Iterable[str]:
        yield f"# HELP {name} Seconds from a request's body to its answer."
        yield f"# TYPE {name} histogram"
        total = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self._buckets, strict=True):
            total += count
            yield f"{name}_bucket{_labels(le=bound)} {total}"
        yield f"{name}_sum {self._seconds}"
        yield f"{name}_count {total}"


def _trial(name: str, seen: Observation | None) -> Iterable[str]:
    """What a version on trial did so far; nothing while none is."""
    if seen is None:
        return
    told = _labels(version=seen.trial.version, mode=seen.traffic.mode)
    for what, about, value in (
        ("requests", "Requests that the version on trial met.", seen.trial.requests),
        ("errors", "Requests that it failed at.", seen.trial.errors),
        ("compared_rows", "Rows that both versions were asked for.", seen.compared),
        ("agreed_rows", "Rows on which both versions agree.", seen.agreed),
        ("largest_difference", "The largest difference of two scores.", seen.largest),
        ("skipped_rows", "Rows that there was no room to compare.", seen.skipped),
    ):
        yield from _family(f"{name}_{what}", "gauge", about, {told: value})


def _log(prefix: str, log: PredictionLog) -> Iterable[str]:
    counts = log.counts()
    shipped = counts.shipped
    ages = {"": round(time.time() - shipped.failed_at, 3)} if shipped.failed else {}
    rows: list[tuple[str, str, str, Mapping[str, float]]] = [
        ("rows_total", "counter", "Rows logged.", {"": counts.written}),
        (
            "dropped_rows_total",
            "counter",
            "Rows that the prediction log could not hold.",
            {"": counts.dropped},
        ),
        (
            "expired_rows_total",
            "counter",
            "Rows removed from this machine, over its bound, before they were shipped.",
            {"": counts.expired},
        ),
        ("labels_total", "counter", "Labels that came later.", {"": counts.labels}),
        ("waiting_rows", "gauge", "Rows not yet written.", {"": counts.waiting}),
        ("waiting_segments", "gauge", "Whole segments on this machine.", {"": counts.segments}),
        ("shipped_files_total", "counter", "Segments shipped.", {"": shipped.files}),
        ("shipped_rows_total", "counter", "Rows shipped.", {"": shipped.rows}),
        ("shipping_failures_total", "counter", "Attempts that failed.", {"": shipped.failed}),
        ("shipping_last_failure_seconds", "gauge", "Seconds since the last failure.", ages),
    ]
    for name, kind, about, values in rows:
        yield from _family(f"{prefix}{name}", kind, about, values)


def _family(name: str, kind: str, about: str, values: Mapping[str, float]) -> Iterable[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    for labels, value in values.items():
        yield f"{name}{labels} {value}"


def _labels(**labels: str) -> str:
    escaped = (f'{name}="{_escape(value)}"' for name, value in labels.items())
    return "{" + ",".join(escaped) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
