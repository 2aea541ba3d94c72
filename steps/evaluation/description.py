"""What is told of a challenger beside the decision: how it answers, and by which columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serving.model import Model
from serving.schema import TableSchema
from steps.data.encoding import encode_frame, encode_target
from steps.data.stored import Table
from steps.evaluation.changes import Changes, changes
from steps.evaluation.comparison import Comparison
from steps.evaluation.contest import Contest
from steps.evaluation.evaluation import Decision, Score
from steps.evaluation.importance import Contributions, contributions, permutation_importance
from steps.evaluation.measure import BATCH, candidate_scores
from steps.evaluation.metrics import find_metric
from steps.evaluation.picture import Picture, Side
from steps.evaluation.pictures import pictures

if TYPE_CHECKING:
    from steps.training.candidate import Candidate

# A matrix of more classes nobody reads, and no list of more columns.
MOST_CLASSES = 12
LISTED = 20
# Of the training rows, to hold single answers against.
BACKGROUND = 1000


@dataclass(frozen=True, slots=True)
class Weight:
    """What one column does for the model.

    Args:
        lost: How much worse the metric gets without it.
        added: How far it moved a score in the mean, up or down.
        values, places: What it added to each explained row, and where the row's value lies among
            the others, 0 to 1; NaN where it is missing or not to be told.
    """

    column: str
    lost: Score
    added: float
    values: NDArray[np.float64]
    places: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Description:
    """What a page tells of a challenger.

    Args:
        confusion: Rows by their true class and by the one that is answered; empty in a regression.
        weights: The columns, the weightiest first.
        drawn, explained: The rows that both measures of the columns stand on.
        answer: The score whose contributions are told, in words.
    """

    rows: int
    classes: tuple[str, ...]
    pictures: tuple[Picture, ...]
    confusion: tuple[tuple[int, ...], ...]
    weights: tuple[Weight, ...]
    columns: int
    drawn: int
    explained: int
    base: float
    answer: str
    changes: Changes | None


def try_to_describe(
    candidate: Candidate,
    comparison: Comparison,
    metric: str,
    train_rows: Table,
    test_rows: Table,
) -> tuple[Description | None, str]:
    """The same, or why there is none: what cannot be drawn is no reason to lose a training."""
    try:
        return describe(candidate, comparison, metric, train_rows, test_rows), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"[:300]


def describe(
    candidate: Candidate,
    comparison: Comparison,
    metric: str,
    train_rows: Table,
    test_rows: Table,
) -> Description:
    """Draw and measure a challenger on the held-out rows, through the model that will be served.

    Args:
        metric: By which columns are weighed.
    """
    schema, contest = candidate.schema, comparison.contest
    if contest is None:
        y, ours = encode_target(test_rows, schema), candidate_scores(candidate, test_rows)
    else:
        y, ours = contest.y, contest.challenger
    theirs = _champion(comparison.decision, contest)
    drawn, explained, weights = _weights(candidate, metric, train_rows, test_rows)
    told = [each.column for each in weights]
    return Description(
        rows=len(y),
        classes=schema.classes,
        pictures=tuple(pictures(y, schema, Side("challenger", ours), theirs)),
        confusion=_confusion(y, ours, schema),
        weights=weights[:LISTED],
        columns=len(weights),
        drawn=drawn,
        explained=len(explained.values),
        base=explained.base,
        answer=_answer(schema),
        changes=changes(contest, test_rows, schema, told) if contest and theirs else None,
    )


def _champion(decision: Decision, contest: Contest | None) -> Side | None:
    if contest is None or contest.against != "champion":
        return None
    return Side(f"champion, version {decision.champion}", contest.rival)


def _weights(
    candidate: Candidate, metric: str, train_rows: Table, test_rows: Table
) -> tuple[int, Contributions, tuple[Weight, ...]]:
    """The rows that were drawn, what was explained, and the columns by their weight."""
    schema = candidate.schema
    model = Model.from_bytes(candidate.onnx, schema.to_json(), name=candidate.name)
    matrix, y = encode_frame(test_rows, schema), encode_target(test_rows, schema)
    others = train_rows.sample(min(BACKGROUND, len(train_rows)), random_state=0)
    place = {"binary": 1, "multiclass": None, "regression": 0}[schema.task]

    def score(rows: NDArray[np.float32]) -> NDArray[Any]:
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        parts = [model.score(rows[at : at + BATCH]) for at in range(0, len(rows), BATCH)]
        return np.concatenate(parts)

    drawn, lost = permutation_importance(score, matrix, y, find_metric(metric, schema.task))
    added = contributions(score, matrix, encode_frame(others, schema), place)
    return drawn, added, _ordered(schema, lost, added)


def _ordered(
    schema: TableSchema, lost: Sequence[Score], added: Contributions
) -> tuple[Weight, ...]:
    """The columns by what the metric loses without them, then by what they add."""
    mean = np.abs(added.values).mean(axis=0)
    hidden = np.full(len(added.values), np.nan)
    found = [
        Weight(
            column.name,
            score,
            float(mean[place]),
            added.values[:, place],
            # Of a category the code says nothing, and a sensitive value is nobody's business.
            hidden if column.sensitive or column.kind == "categorical" else added.places[:, place],
        )
        for place, (column, score) in enumerate(zip(schema.columns, lost, strict=True))
    ]
    return tuple(sorted(found, key=lambda each: (-(each.lost.value or 0.0), -each.added)))


def _confusion(
    y: NDArray[Any], scores: NDArray[Any], schema: TableSchema
) -> tuple[tuple[int, ...], ...]:
    count = len(schema.classes)
    if not 2 <= count <= MOST_CLASSES:
        return ()
    pairs = y.astype(np.int64) * count + scores.argmax(axis=1)
    held = np.bincount(pairs, minlength=count * count).reshape(count, count)
    return tuple(tuple(row) for row in held.tolist())


def _answer(schema: TableSchema) -> str:
    if schema.task == "binary":
        return f"the probability of '{schema.classes[1]}'"
    if schema.task == "regression":
        return f"the predicted {schema.target}"
    return "the probability of the class that is answered"
