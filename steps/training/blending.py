"""From candidates to their blend, as one more candidate."""

from __future__ import annotations

import time
from collections.abc import Sequence

from steps.evaluation.metrics import Metric, find_metric
from steps.training.candidate import Candidate
from steps.training.chain import scored
from steps.training.ensemble import (
    Weights,
    blend_scores,
    check_members,
    merge,
    nested_scores,
    select,
)
from steps.training.export import check_portability, onnx_scores, probe_rows
from steps.training.settings import BLEND, EnsembleSettings
from steps.training.tuning import TrainingData, better, judge


def blend_candidates(
    candidates: Sequence[Candidate], data: TrainingData, settings: EnsembleSettings, metric: str
) -> Candidate:
    """The weighted mean of the candidates that does best on their out-of-fold scores.

    Its own cross-validation scores are those of weights chosen on the other folds.

    Args:
        metric: What the members are chosen by; empty for the task's primary metric.

    Raises:
        RunError: The candidates were not trained on these rows and folds, or the merged
            graph answers otherwise than its members.
    """
    started = time.monotonic()
    measure = find_metric(metric, data.schema.task)
    check_members(candidates, data.folds)
    members, known = [candidate.oof for candidate in candidates], scored(data.folds)
    shown = [scores[known] for scores in members]
    weights = select(shown, data.target[known], measure, settings.size)
    oof = nested_scores(members, data.target, data.folds, measure, settings.size)
    onnx, difference = _merged(candidates, weights, data)
    parameters = _weights(candidates, weights)
    trial = judge(parameters, oof, data, measure)
    return Candidate(
        name=BLEND,
        kind=BLEND,
        native=None,
        onnx=onnx,
        schema=data.schema,
        parameters=parameters,
        metric=measure.name,
        cv_scores=trial.fold_scores,
        oof=oof,
        folds=data.folds,
        trials=(trial,),
        difference=difference,
        seconds=time.monotonic() - started,
        note=_note(parameters, candidates, trial.score, measure),
    )


def _merged(
    candidates: Sequence[Candidate], weights: Weights, data: TrainingData
) -> tuple[bytes, float]:
    """One graph of the members with a weight, and how far it is from their weighted mean."""
    chosen = [i for i, weight in enumerate(weights) if weight > 0]
    graphs = [candidates[i].onnx for i in chosen]
    onnx = merge(graphs, weights[chosen], BLEND)
    rows = probe_rows(data.matrix, data.schema)
    answers = [onnx_scores(graph, data.schema, rows) for graph in graphs]
    wanted = blend_scores(answers, weights[chosen])
    return onnx, check_portability(wanted, onnx, rows, data.schema, BLEND)


def _weights(candidates: Sequence[Candidate], weights: Weights) -> dict[str, float]:
    pairs = zip(candidates, weights, strict=True)
    return {candidate.name: round(float(weight), 4) for candidate, weight in pairs if weight > 0}


def _note(
    parameters: dict[str, float], candidates: Sequence[Candidate], cv_score: float, metric: Metric
) -> str:
    """What the weights mean for somebody who reads the results."""
    if len(parameters) == 1:
        name = next(iter(parameters))
        return f"The blend is '{name}' alone: no mean of the candidates did better."
    scores = {candidate.name: candidate.cv_score for candidate in candidates}
    winner = max(scores, key=lambda name: scores[name] * (1 if metric.higher_is_better else -1))
    told = ", ".join(f"{weight:.0%} {name}" for name, weight in parameters.items())
    verdict = "beats" if better(cv_score, scores[winner], metric) else "does not beat"
    return f"{told}; in cross-validation it {verdict} '{winner}' alone."
