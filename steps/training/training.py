"""From encoded training rows to a candidate: tuned, fitted, converted and checked."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import DataError
from serving.schema import TableSchema
from steps.caching import ROOT
from steps.data.encoding import encode_frame, encode_target
from steps.data.stored import Table
from steps.evaluation.metrics import find_metric
from steps.progress import Tell, nobody
from steps.training.candidate import Candidate, Rows, Target
from steps.training.chain import chain, order_of, recent
from steps.training.estimators import fit, score
from steps.training.export import check_portability, probe_rows, to_onnx
from steps.training.folds import assign_folds, groups_of
from steps.training.settings import CandidateSettings, TuningSettings
from steps.training.tuning import TrainingData, tune


def prepare(
    train_rows: Table, schema: TableSchema, tuning: TuningSettings, seed: int
) -> TrainingData:
    """Encode the training rows and cut them into folds, the same ones for every candidate."""
    target, order = encode_target(train_rows, schema), order_of(train_rows, tuning)
    if order is not None:
        folds = chain(order, tuning)
    else:
        folds = assign_folds(target, schema, tuning, seed, groups_of(train_rows, tuning))
    return TrainingData(encode_frame(train_rows, schema), target, folds, schema, order)


def train(
    candidate: CandidateSettings,
    data: TrainingData,
    tuning: TuningSettings,
    metric: str,
    seed: int,
    checkpoints: Path | None = None,
    tell: Tell = nobody,
) -> Candidate:
    """Choose the candidate's parameters, fit it on all training rows and convert it.

    Args:
        metric: What the trials are compared by; empty for the task's primary metric.
        checkpoints: A directory in which an interrupted fit of a network is resumed.
        tell: Is told how many of the trials are done.

    Raises:
        RunError: The model does not convert, or its graph answers otherwise than the model.
    """
    started = time.monotonic()
    measure = find_metric(metric, data.schema.task)
    tuned = tune(candidate, data, tuning, measure, seed, tell)
    best, schema = tuned.best, data.schema
    matrix, learnt = fitted_on(candidate, data)
    native = fit(candidate.kind, best.parameters, matrix, learnt, schema, seed, checkpoints)
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
        note=note_of(candidate, len(learnt)),
    )


def fitted_on(candidate: CandidateSettings, data: TrainingData) -> tuple[Rows, Target]:
    """The training rows that a candidate is fitted on in the end, with their targets.

    Raises:
        DataError: A class of the target is not among them.
    """
    if candidate.window == 1:
        return data.matrix, data.target
    rows = recent(data.order, candidate.window)
    absent = set(range(len(data.schema.classes))) - set(np.unique(data.target[rows]).tolist())
    if absent:
        name = data.schema.classes[min(int(place) for place in absent)]
        raise DataError(
            f"The most recent {candidate.window:.0%} of the training rows hold no "
            f"'{data.schema.target}' = '{name}': take longer windows (ensemble.windows)."
        )
    return data.matrix[rows], data.target[rows]


def note_of(candidate: CandidateSettings, rows: int) -> str:
    """What the results say of a candidate that did not learn from all rows."""
    if candidate.window == 1:
        return ""
    return f"Fitted on the most recent {candidate.window:.0%} of the training rows, {rows:,}."


def _converted(native: Any, data: TrainingData, name: str) -> tuple[bytes, float]:
    """The model's graph, and how far its answers are from the model's own."""
    onnx = to_onnx(native, data.schema, name)
    rows = probe_rows(data.matrix, data.schema)
    answers = score(native, rows, data.schema)
    return onnx, check_portability(answers, onnx, rows, data.schema, name)


def checkpoint_directory() -> Path:
    """Where interrupted fits are kept, beside the other records of what ran here."""
    return Path(os.environ.get("SWITCHYARD_HOME", ROOT / ".switchyard")) / "checkpoints"
