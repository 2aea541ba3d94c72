"""The choice of a candidate's parameters by cross-validation inside the training rows."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from serving.errors import DataError
from serving.schema import TableSchema
from steps.evaluation.metrics import Metric
from steps.progress import Tell, nobody
from steps.training.candidate import Folds, Rows, Scores, Target, Trial
from steps.training.chain import Mask, Order, learnt_from, scored
from steps.training.estimators import fit, score, threaded
from steps.training.settings import CandidateSettings, TuningSettings
from steps.training.workers import cores, side_by_side


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The encoded training rows, which alone decide what is learnt and chosen.

    Args:
        order: The rank of each row in time, where the rows have an order.
    """

    matrix: Rows
    target: Target
    folds: Folds
    schema: TableSchema
    order: Order | None = None


class Job(NamedTuple):
    """One fit: of a set of parameters on the rows outside of a fold."""

    candidate: CandidateSettings
    parameters: dict[str, Any]
    fold: int
    seed: int


@dataclass(frozen=True, slots=True)
class Tuned:
    """All trials, the best one, and the scores of each row by the best trial's held-out models."""

    best: Trial
    trials: tuple[Trial, ...]
    oof: Scores


def tune(
    candidate: CandidateSettings,
    data: TrainingData,
    settings: TuningSettings,
    metric: Metric,
    seed: int,
    tell: Tell = nobody,
) -> Tuned:
    """Try the candidate's own parameters first, then others of its search space, within budget."""
    asked = list(sample(candidate, settings.trials, seed))
    results = [
        (judge(parameters, oof, data, metric), oof)
        for parameters, oof in zip(
            asked, _tried(candidate, asked, data, settings, seed, tell), strict=False
        )
    ]
    best, oof = results[0]
    for trial, scores in results[1:]:
        if better(trial.score, best.score, metric):
            best, oof = trial, scores
    return Tuned(best, tuple(trial for trial, _ in results), oof)


def _tried(
    candidate: CandidateSettings,
    asked: Sequence[dict[str, Any]],
    data: TrainingData,
    settings: TuningSettings,
    seed: int,
    tell: Tell,
) -> Iterator[Scores]:
    """The out-of-fold scores of each set of parameters; side by side where no clock ends them."""
    if settings.max_seconds is None:
        numbers = _numbers(data)
        jobs = [Job(candidate, each, fold, seed) for each in asked for fold in numbers]
        workers = _workers(candidate, data, settings)

        def done(count: int) -> None:
            if count % len(numbers) == 0:
                tell(count // len(numbers), len(asked))

        parts = side_by_side(scores_of, data, jobs, workers, data.matrix.nbytes, done)
        for first in range(0, len(parts), len(numbers)):
            yield _joined(parts[first : first + len(numbers)], data)
        return
    started = time.monotonic()
    for place, parameters in enumerate(asked):
        if place and time.monotonic() - started > settings.max_seconds:
            return
        yield out_of_fold(candidate, parameters, data, seed)
        tell(place + 1, len(asked))


def _workers(candidate: CandidateSettings, data: TrainingData, settings: TuningSettings) -> int:
    """How many fits may run at once: one where each takes all processors, or a GPU, by itself."""
    if threaded(candidate.kind, data.matrix) or settings.workers == 1:
        return 1
    if candidate.kind == "network":
        import torch

        if torch.cuda.is_available():
            return 1
    return cores() if settings.workers == "auto" else settings.workers


def sample(candidate: CandidateSettings, trials: int, seed: int) -> Iterator[dict[str, Any]]:
    """The candidate's own parameters, then other points of its search space, none twice."""
    own = _plain(candidate.parameters)
    yield own
    if not candidate.search:
        return
    seen = [own]
    total = math.prod(len(values) for values in candidate.search.values())
    draw = random.Random(seed)  # noqa: S311 - nothing here is a secret.
    # One more is drawn than is needed, for the point that may be the candidate's own.
    for number in draw.sample(range(total), min(trials, total)):
        point = own | _plain(_point(candidate.search, number))
        if point not in seen and len(seen) < trials:
            seen.append(point)
            yield point


def out_of_fold(
    candidate: CandidateSettings, parameters: dict[str, Any], data: TrainingData, seed: int
) -> Scores:
    """The scores of each row by a model that was fitted on other folds; NaN where none was.

    Where the rows have an order, a model is fitted on earlier rows alone.
    """
    jobs = [Job(candidate, parameters, fold, seed) for fold in _numbers(data)]
    return _joined([scores_of(data, job) for job in jobs], data)


def scores_of(data: TrainingData, job: Job) -> Scores:
    """The scores of one fold's rows, by a model that was fitted on others."""
    candidate, held = job.candidate, data.folds == job.fold
    known = learnt_from(data.order, held, candidate.window)
    check_classes(data, known, candidate)
    native = fit(
        candidate.kind,
        job.parameters,
        data.matrix[known],
        data.target[known],
        data.schema,
        job.seed,
    )
    return score(native, data.matrix[held], data.schema)


def _numbers(data: TrainingData) -> list[int]:
    return [int(fold) for fold in np.unique(data.folds[scored(data.folds)])]


def _joined(parts: Sequence[Scores], data: TrainingData) -> Scores:
    scores = np.full((len(data.target), data.schema.width), np.nan, dtype=np.float32)
    for fold, part in zip(_numbers(data), parts, strict=True):
        scores[data.folds == fold] = part
    return scores


def check_classes(data: TrainingData, rows: Mask, candidate: CandidateSettings) -> None:
    """Refuse rows of a window among which there is nothing to tell apart.

    Raises:
        DataError: They hold one class alone.
    """
    if data.order is not None and data.schema.classes and len(np.unique(data.target[rows])) < 2:
        raise DataError(
            f"Candidate '{candidate.name}': {int(rows.sum())} rows in the order of time hold one "
            f"class of '{data.schema.target}' alone. Take longer windows (ensemble.windows)."
        )


def judge(parameters: dict[str, Any], oof: Scores, data: TrainingData, metric: Metric) -> Trial:
    """What one set of parameters reached, fold by fold."""
    scores = fold_scores(oof, data, metric)
    return Trial(parameters, float(np.mean(scores)), scores)


def fold_scores(oof: Scores, data: TrainingData, metric: Metric) -> tuple[float, ...]:
    """The metric on each fold; a fold on which it is undefined is left out."""
    numbers = np.unique(data.folds[data.folds >= 0])
    held = [data.folds == fold for fold in numbers]
    scores = [metric.function(data.target[rows], oof[rows]) for rows in held]
    defined = tuple(value for value in scores if not math.isnan(value))
    # A class too rare for any fold still has a score over all rows.
    judged = data.folds >= 0
    return defined or (metric.function(data.target[judged], oof[judged]),)


def better(score: float, other: float, metric: Metric) -> bool:
    """Whether a score beats another one; a score that is not a number never does."""
    if math.isnan(score) or math.isnan(other):
        return math.isnan(other) and not math.isnan(score)
    return score > other if metric.higher_is_better else score < other


def _point(search: dict[str, Any], number: int) -> dict[str, Any]:
    """The numbered combination of one value for each parameter."""
    point = {}
    for name, values in search.items():
        number, place = divmod(number, len(values))
        point[name] = values[place]
    return point


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON has them, so that those of a stored candidate are equal to these."""
    pairs = parameters.items()
    return {name: list(value) if isinstance(value, tuple) else value for name, value in pairs}
