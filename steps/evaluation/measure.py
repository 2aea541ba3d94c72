"""Every candidate, measured on the held-out rows through its own schema and its ONNX model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serving.bundle import digest
from serving.errors import RunError
from serving.model import Model
from steps.data.encoding import encode_frame, encode_target
from steps.data.hashing import table_digest
from steps.data.stored import Table, frames
from steps.evaluation.contest import bootstrap_of
from steps.evaluation.evaluation import Evaluation, Evaluations, Score
from steps.evaluation.intervals import Groups, Interval, intervals
from steps.evaluation.metrics import Metric, Targets, find_metric, metrics_of
from steps.evaluation.settings import GateSettings
from steps.evaluation.slices import slice_labels, slice_scores

if TYPE_CHECKING:
    from steps.data.settings import SplitSettings
    from steps.training.candidate import Candidate

# Rows scored at once: bounds the memory of a network's hidden layers.
BATCH = 65_536


def score_frame(model: Model, frame: Table) -> NDArray[np.float32]:
    """A model's scores [rows, classes] of a table, through the model's own schema."""
    encoded = (encode_frame(part, model.schema) for part in frames(frame, model.schema.names))
    scores = [
        model.score(matrix[at : at + BATCH])
        for matrix in encoded
        for at in range(0, len(matrix), BATCH)
    ]
    return np.concatenate(scores) if scores else np.empty((0, model.schema.width), np.float32)


def group_codes(frame: Table, split: SplitSettings) -> Groups | None:
    """The group of each row, coded from 0, where the table was split by group."""
    if split.by != "group":
        return None
    import pandas as pd

    codes: Groups = pd.factorize(frame[split.column], use_na_sentinel=False)[0].astype(np.int64)
    return codes


def evaluate_candidates(
    candidates: Sequence[Candidate],
    test_rows: Table,
    settings: GateSettings,
    split: SplitSettings,
    sensitive: Sequence[str] = (),
) -> Evaluations:
    """Measure every candidate with intervals, and name the challenger by cross-validation alone.

    Args:
        sensitive: Columns to slice by besides those of the gate.
    """
    schema = candidates[0].schema
    metric = find_metric(settings.metric, schema.task)
    y = encode_target(test_rows, schema)
    groups = group_codes(test_rows, split)
    labels = slice_labels(test_rows, settings.slices, sensitive)
    models = [candidate_scores(candidate, test_rows) for candidate in candidates]
    metrics = (metric, *(other for other in metrics_of(schema.task) if other != metric))
    measured = intervals(metrics, y, models, bootstrap_of(settings), groups)
    evaluations = tuple(
        _evaluation(candidate, metrics, found, y, scores, labels, settings, groups)
        for candidate, found, scores in zip(candidates, measured, models, strict=True)
    )
    return Evaluations(
        task=schema.task,
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        rows=len(y),
        rows_digest=table_digest(test_rows),
        confidence=settings.confidence,
        challenger=choose(candidates, metric).name,
        candidates=evaluations,
    )


def candidate_scores(candidate: Candidate, frame: Table) -> NDArray[np.float32]:
    """A candidate's scores as its deployed model will give them."""
    model = Model.from_bytes(candidate.onnx, candidate.schema.to_json(), name=candidate.name)
    scores = score_frame(model, frame)
    if not np.isfinite(scores).all():
        row = int(np.flatnonzero(~np.isfinite(scores).all(axis=1))[0])
        raise RunError(f"Candidate '{candidate.name}' has no finite score for held-out row {row}.")
    return scores


def choose(candidates: Sequence[Candidate], metric: Metric) -> Candidate:
    """The candidate with the best cross-validated score; the first one of equals.

    The held-out rows take no part: a choice made on them would make their score too good.
    """
    direction = 1.0 if metric.higher_is_better else -1.0
    return max(candidates, key=lambda candidate: direction * candidate.cv_score)


def _evaluation(
    candidate: Candidate,
    metrics: Sequence[Metric],
    found: Sequence[Interval],
    y: Targets,
    scores: NDArray[Any],
    labels: Mapping[str, NDArray[Any]],
    settings: GateSettings,
    groups: Groups | None,
) -> Evaluation:
    named = zip(metrics, found, strict=True)
    return Evaluation(
        candidate=candidate.name,
        kind=candidate.kind,
        digest=candidate_digest(candidate),
        rows=len(y),
        scores=tuple(Score.of(metric.name, interval) for metric, interval in named),
        slices=slice_scores(
            metrics[0], y, scores, labels, settings.min_slice_rows, bootstrap_of(settings), groups
        ),
        cv_scores=candidate.cv_scores,
        # JSON has no tuples, and a network's layers come as one.
        parameters=json.loads(json.dumps(candidate.parameters, default=str)),
        seconds=candidate.seconds,
    )


def candidate_digest(candidate: Candidate) -> str:
    """The digest that the candidate's bundle will have."""
    return digest(candidate.onnx, candidate.schema.to_json())
