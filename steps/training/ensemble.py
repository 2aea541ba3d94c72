"""A blend: a weighted mean of candidates, chosen on scores that no member trained on.

The members are picked greedily with replacement (Caruana, Niculescu-Mizil, Crew and Ksikes,
"Ensemble selection from libraries of models", ICML 2004), so that a weight is how often a member
was picked, and a blend of one member alone is a possible answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from serving.errors import RunError
from steps.evaluation.metrics import Metric
from steps.training.candidate import Candidate, Folds, Scores, Target
from steps.training.chain import before
from steps.training.export import INPUT, OPSETS, OUTPUT, serialise

if TYPE_CHECKING:
    from onnx import ModelProto

Weights = NDArray[np.float64]


def select(members: Sequence[Scores], target: Target, metric: Metric, size: int) -> Weights:
    """Weights of the members, which sum to one.

    Each round adds the member that improves the mean most; the best mean of all rounds is kept,
    the earliest of equal ones, so that no member is there for nothing.
    """
    picks: list[int] = []
    total = np.zeros_like(members[0], dtype=np.float64)
    best, kept = -np.inf, 1
    for number in range(1, size + 1):
        values = [_utility(metric, target, (total + scores) / number) for scores in members]
        picks.append(int(np.argmax(values)))
        total += members[picks[-1]]
        if values[picks[-1]] > best:
            best, kept = values[picks[-1]], number
    return np.bincount(picks[:kept], minlength=len(members)) / kept


def blend_scores(members: Sequence[Scores], weights: Weights) -> Scores:
    """The weighted mean of the members' scores."""
    return np.tensordot(weights, np.stack(members), axes=1).astype(np.float32)


def nested_scores(
    members: Sequence[Scores], target: Target, folds: Folds, metric: Metric, size: int
) -> Scores:
    """Scores of each row by a blend whose weights were chosen on other folds; NaN where none was.

    The weights that are used in the end are chosen on all rows; scored on those same rows they
    would look better than they are. Of folds in the order of time only earlier ones choose.
    """
    result = np.full_like(members[0], np.nan)
    for fold in np.unique(folds[folds >= 0]):
        held, known = folds == fold, before(folds, int(fold))
        weights = select([scores[known] for scores in members], target[known], metric, size)
        result[held] = blend_scores([scores[held] for scores in members], weights)
    return result


def check_members(candidates: Sequence[Candidate], folds: Folds) -> None:
    """Refuse candidates whose out-of-fold scores are not of these rows in these folds."""
    if not candidates:
        raise RunError("A blend needs at least one candidate.")
    for candidate in candidates:
        if not np.array_equal(candidate.folds, folds):
            raise RunError(
                f"Candidate '{candidate.name}' was trained on other rows or folds than the blend "
                "would be chosen on: train all in one run, with the same tuning and seed."
            )


def merge(graphs: Sequence[bytes], weights: Weights, name: str) -> bytes:
    """One ONNX graph that answers the weighted mean of several, from the same input."""
    from onnx import helper, load_from_string

    models = [load_from_string(graph) for graph in graphs]
    parts = [_prefixed(model, f"m{number}_") for number, model in enumerate(models)]
    nodes = [node for part in parts for node in part.graph.node]
    tensors = [tensor for part in parts for tensor in part.graph.initializer]
    nodes, tensors = nodes + _mean(len(parts)), tensors + _constants(weights)
    first = models[0].graph
    graph = helper.make_graph(nodes, name, first.input[:1], first.output[:1], tensors)
    opsets = [helper.make_opsetid(domain, number) for domain, number in OPSETS.items()]
    return serialise(helper.make_model(graph, opset_imports=opsets), name)


def _prefixed(model: ModelProto, prefix: str) -> ModelProto:
    """A copy of a member with names of its own, except for the input that all share."""
    from onnx import compose

    part = compose.add_prefix(model, prefix)
    for node in part.graph.node:
        node.input[:] = [INPUT if name == prefix + INPUT else name for name in node.input]
    return part


def _mean(count: int) -> list[object]:
    """The nodes that weigh the members' scores and add them up."""
    from onnx import helper

    weighed = [f"weighed_{number}" for number in range(count)]
    nodes = [
        helper.make_node("Mul", [f"m{number}_{OUTPUT}", f"weight_{number}"], [name], name=name)
        for number, name in enumerate(weighed)
    ]
    return [*nodes, helper.make_node("Sum", weighed, [OUTPUT], name="blend")]


def _constants(weights: Weights) -> list[object]:
    from onnx import numpy_helper

    return [
        numpy_helper.from_array(np.asarray(weight, dtype=np.float32), f"weight_{number}")
        for number, weight in enumerate(weights)
    ]


def _utility(metric: Metric, target: Target, scores: NDArray[np.float64]) -> float:
    """The metric with more being better; a metric that is undefined is worth nothing."""
    value = metric.function(target, scores)
    if np.isnan(value):
        return -np.inf
    return value if metric.higher_is_better else -value
