"""How good the answers were, now that their labels are known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schema import TableSchema
from steps.data.encoding import encode_target
from steps.evaluation.evaluation import Evaluation, Evaluations, Score
from steps.evaluation.intervals import Bootstrap, Interval, interval
from steps.evaluation.metrics import Metric, Targets, find_metric
from steps.evaluation.settings import GateSettings
from steps.evaluation.slices import slice_labels, slice_scores
from steps.monitoring.settings import MonitoringSettings
from steps.monitoring.verdict import Performance
from steps.monitoring.window import Window


def measure(
    window: Window,
    schema: TableSchema,
    trained: Evaluation,
    gate: GateSettings,
    settings: MonitoringSettings,
) -> Performance | None:
    """The gate's metric over the labelled rows against its value in training.

    None where there are too few labels, or the metric is undefined on them.

    Args:
        trained: The champion, measured on the held-out rows of its training.
    """
    rows = window.labelled
    if len(rows) < settings.min_labelled:
        return None
    metric = find_metric(gate.metric, schema.task)
    frame = rows.frame(schema.target)
    y, scores = encode_target(frame, schema), rows.scores(schema)
    bootstrap = Bootstrap(gate.resamples, gate.confidence, gate.seed)
    now = interval(metric, y, scores, bootstrap)
    before = trained.score(metric.name)
    if not now.known or before.value is None or before.low is None or before.high is None:
        return None
    lost = drop(metric, Interval(before.value, before.low, before.high), now)
    labels = slice_labels(frame, [name for name in gate.slices if name in frame.columns])
    return Performance(
        rows=len(rows),
        now=Score.of(metric.name, now),
        before=before,
        drop=Score.of(metric.name, lost),
        allowed=settings.max_drop,
        degraded=lost.low > settings.max_drop,
        changed=changed_at(errors(y, scores, schema), rows.time),
        slices=slice_scores(metric, y, scores, labels, gate.min_slice_rows, bootstrap),
    )


def trained_as(evaluations: str, digest: str) -> Evaluation:
    """The measure of a version by its digest, in what its training left.

    Args:
        evaluations: The text of `evaluations.json`.
    """
    found = Evaluations.model_validate_json(evaluations)
    return next(each for each in found.candidates if each.digest == digest)


def drop(metric: Metric, before: Interval, now: Interval) -> Interval:
    """How much worse a metric is now, with the interval that two independent ones leave.

    The bounds are recovered from those of both (Zou and Donner, Construction of Confidence Limits
    about Effect Measures, Statistics in Medicine 27, 2008), since no row is in both samples.
    """
    first, second = (before, now) if metric.higher_is_better else (now, before)
    value = first.value - second.value
    low = value - np.hypot(first.value - first.low, second.high - second.value)
    high = value + np.hypot(first.high - first.value, second.value - second.low)
    return Interval(value, float(low), float(high))


def errors(y: Targets, scores: NDArray[np.float32], schema: TableSchema) -> NDArray[np.float64]:
    """The error of each row: whether the class was wrong, or how far off the number was."""
    if schema.classes:
        return np.asarray(scores.argmax(axis=1) != y, dtype=np.float64)
    return np.abs(scores[:, 0] - np.asarray(y, dtype=np.float64))


def changed_at(stream: NDArray[np.float64], time: Callable[[int], datetime]) -> str:
    """When the error of rows in the order of time was first seen to have risen; empty if never.

    ADWIN (Bifet and Gavalda, Learning from Time-Changing Data with Adaptive Windowing, SDM 2007),
    with its own confidence of 0.002.

    Args:
        time: When a row was answered, by its place.
    """
    from river.drift import ADWIN

    detector: Any = ADWIN()
    scale = float(stream.max()) or 1.0
    for place, error in enumerate(stream):
        before = detector.estimation
        # The method is made for numbers from 0 to 1.
        detector.update(float(error) / scale)
        if detector.drift_detected and detector.estimation > before:
            return time(place).isoformat(timespec="seconds")
    return ""
