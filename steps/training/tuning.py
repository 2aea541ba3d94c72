"""The choice of a candidate's parameters by cross-validation inside the training rows."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.errors import DataError
from serving.schema import TableSchema
from steps.evaluation.metrics import Metric
from steps.progress import Tell, nobody
from steps.training.candidate import Folds, Rows, Scores, Target, Trial
from steps.training.chain import Mask, Order, learnt_from, scored
from steps.training.estimators import fit, score
from steps.training.settings import CandidateSettings, TuningSettings


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
    started = time.monotonic()
    results: list[tuple[Trial, Scores]] = []
    asked = list(sample(candidate, settings.trials, seed))
    for parameters in asked:
        spent = time.monotonic() - started
        if results and settings.max_seconds is not None and spent > settings.max_seconds:
            break
        oof = out_of_fold(candidate, parameters, data, seed)
        results.append((judge(parameters, oof, data, metric), oof))
        tell(len(results), len(asked))
    best, oof = results[0]
    for trial, scores in results[1:]:
        if better(trial.score, best.score, metric):
            best, oof = trial, scores
    return Tuned(best, tuple(trial for trial, _ in results), oof)


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
    scores = np.full((len(data.target), data.schema.width), np.nan, dtype=np.float32)
    for fold in np.unique(data.folds[scored(data.folds)]):
        held = data.folds == fold
        known = learnt_from(data.order, held, candidate.window)
        check_classes(data, known, candidate)
        native = fit(
            candidate.kind, parameters, data.matrix[known], data.target[known], data.schema, seed
        )
        scores[held] = score(native, data.matrix[held], data.schema)
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
