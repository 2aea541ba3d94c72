"""From encoded training rows to a candidate: tuned, fitted, converted and checked."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from pandas import DataFrame

from serving.schema import TableSchema
from steps.caching import ROOT
from steps.data.encoding import encode_frame, encode_target
from steps.evaluation.metrics import find_metric
from steps.training.candidate import Candidate
from steps.training.estimators import fit, score
from steps.training.export import check_portability, probe_rows, to_onnx
from steps.training.folds import assign_folds, groups_of
from steps.training.settings import CandidateSettings, TuningSettings
from steps.training.tuning import TrainingData, tune


def prepare(
    train_rows: DataFrame, schema: TableSchema, tuning: TuningSettings, seed: int
) -> TrainingData:
    """Encode the training rows and cut them into folds, the same ones for every candidate."""
    target = encode_target(train_rows, schema)
    folds = assign_folds(target, schema, tuning, seed, groups_of(train_rows, tuning))
    return TrainingData(encode_frame(train_rows, schema), target, folds, schema)


def train(
    candidate: CandidateSettings,
    data: TrainingData,
    tuning: TuningSettings,
    metric: str,
    seed: int,
    checkpoints: Path | None = None,
) -> Candidate:
    """Choose the candidate's parameters, fit it on all training rows and convert it.

    Args:
        metric: What the trials are compared by; empty for the task's primary metric.
        checkpoints: A directory in which an interrupted fit of a network is resumed.

    Raises:
        RunError: The model does not convert, or its graph answers otherwise than the model.
    """
    started = time.monotonic()
    measure = find_metric(metric, data.schema.task)
    tuned = tune(candidate, data, tuning, measure, seed)
    best, schema = tuned.best, data.schema
    native = fit(
        candidate.kind, best.parameters, data.matrix, data.target, schema, seed, checkpoints
    )
    onnx, difference = _converted(native, data, candidate.name)
    return Candidate(
        name=candidate.name,
        kind=candidate.kind,
        native=native,
        onnx=onnx,
        schema=schema,
        parameters=best.parameters,
        metric=measure.name,
        cv_scores=best.fold_scores,
        oof=tuned.oof,
        folds=data.folds,
        trials=tuned.trials,
        difference=difference,
        seconds=time.monotonic() - started,
    )


def _converted(native: Any, data: TrainingData, name: str) -> tuple[bytes, float]:
    """The model's graph, and how far its answers are from the model's own."""
    onnx = to_onnx(native, data.schema, name)
    rows = probe_rows(data.matrix, data.schema)
    answers = score(native, rows, data.schema)
    return onnx, check_portability(answers, onnx, rows, data.schema, name)


def checkpoint_directory() -> Path:
    """Where interrupted fits are kept, beside the other records of what ran here."""
    return Path(os.environ.get("SWITCHYARD_HOME", ROOT / ".switchyard")) / "checkpoints"
