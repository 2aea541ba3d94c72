"""Challenger and champion row by row: which held-out rows get another answer, and which way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schema import TableSchema
from steps.data.stored import Table
from steps.evaluation.contest import Contest

# Rows that are shown of either kind, ways of changing, and columns of a row.
EXAMPLES, WAYS, COLUMNS = 4, 8, 6
# Two numbers are one answer when they lie no further apart, in standard deviations of the truth.
SAME = 0.1


@dataclass(frozen=True, slots=True)
class Way:
    """Rows that one model answers so and the other otherwise.

    Args:
        better, worse: Those of them that only the challenger, or only the champion, gets right.
    """

    before: str
    after: str
    rows: int
    better: int
    worse: int


@dataclass(frozen=True, slots=True)
class Example:
    """One row that is answered otherwise.

    Args:
        row: Its number among the held-out rows, from 1 on.
        values: Of the columns that `Changes` names, in their order.
    """

    row: int
    truth: str
    before: str
    after: str
    better: bool
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What the challenger would change.

    Args:
        changed: Rows with another answer; in a regression with one further off than `SAME`.
        better, worse: Those that only the challenger, or only the champion, gets right; in a
            regression those that come nearer to the truth, or less near.
        both: Rows that both get right; 0 in a regression.
    """

    rows: int
    changed: int
    better: int
    worse: int
    both: int
    ways: tuple[Way, ...]
    columns: tuple[str, ...]
    examples: tuple[Example, ...]


def changes(
    contest: Contest, test_rows: Table, schema: TableSchema, columns: Sequence[str]
) -> Changes:
    """Every row of a contest with a champion.

    Args:
        columns: Those that examples show, the most telling first; sensitive ones are left out.
    """
    shown = [name for name in columns if name not in schema.sensitive][:COLUMNS]
    numbers = schema.task == "regression"
    moved = _of_numbers(contest) if numbers else _of_classes(contest)
    return Changes(
        rows=len(contest.y),
        changed=int(moved.changed.sum()),
        better=int(moved.better.sum()),
        worse=int(moved.worse.sum()),
        both=int(moved.both.sum()),
        ways=() if numbers else _ways(contest, schema, moved),
        columns=tuple(shown),
        examples=tuple(_examples(contest, moved, test_rows, schema, shown)),
    )


@dataclass(frozen=True, slots=True)
class _Moved:
    """Rows by what becomes of them.

    Args:
        better, worse: Of the changed ones.
        both: Rows that both models get right.
        distance: How much nearer to the truth a row has come, or how much less near.
    """

    changed: NDArray[np.bool_]
    better: NDArray[np.bool_]
    worse: NDArray[np.bool_]
    both: NDArray[np.bool_]
    distance: NDArray[np.float64]


def _examples(
    contest: Contest,
    moved: _Moved,
    test_rows: Table,
    schema: TableSchema,
    shown: Sequence[str],
) -> Iterator[Example]:
    """The rows that have moved most, those for the better first."""
    places = np.arange(len(contest.y)) if contest.places is None else contest.places
    for kind, better in ((moved.better, True), (moved.worse, False)):
        for place in _farthest(moved.distance, kind):
            row = int(places[place])
            yield Example(
                row=row + 1,
                truth=_truth(contest.y[place], schema),
                before=_answer(contest.rival[place], schema),
                after=_answer(contest.challenger[place], schema),
                better=better,
                values=tuple(told(test_rows[name].iloc[row]) for name in shown),
            )


def told(value: Any) -> str:
    """A table's value as a person reads it."""
    if value is None or value != value:
        return "-"
    if isinstance(value, float):  # numpy's own are, too; four digits may be a year's.
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    if hasattr(value, "isoformat"):
        return str(value.isoformat(sep=" ", timespec="minutes")).removesuffix(" 00:00")
    return str(value)


def _of_classes(contest: Contest) -> _Moved:
    before, after = contest.rival.argmax(axis=1), contest.challenger.argmax(axis=1)
    truth = contest.y.astype(np.int64)
    rows = np.arange(len(truth))
    gained = contest.challenger[rows, truth] - contest.rival[rows, truth]
    changed, right, was_right = before != after, after == truth, before == truth
    return _Moved(
        changed=changed,
        better=changed & right,
        worse=changed & was_right,
        both=right & was_right,
        distance=np.abs(gained).astype(np.float64),
    )


def _of_numbers(contest: Contest) -> _Moved:
    before, after = (side[:, 0].astype(float) for side in (contest.rival, contest.challenger))
    nearer = np.abs(before - contest.y) - np.abs(after - contest.y)
    changed = np.abs(after - before) > SAME * np.std(contest.y)
    return _Moved(
        changed=changed,
        better=changed & (nearer > 0),
        worse=changed & (nearer < 0),
        both=np.zeros(len(nearer), dtype=np.bool_),
        distance=np.abs(nearer),
    )


def _farthest(distance: NDArray[np.float64], kind: NDArray[np.bool_]) -> list[int]:
    """The rows of a kind that have moved most."""
    places = np.flatnonzero(kind)
    order = np.argsort(-distance[places], kind="stable")[:EXAMPLES]
    found: list[int] = places[order].tolist()
    return found


def _ways(contest: Contest, schema: TableSchema, moved: _Moved) -> tuple[Way, ...]:
    """From which class to which, the most frequent ways first."""
    before, after = contest.rival.argmax(axis=1), contest.challenger.argmax(axis=1)
    pairs = np.column_stack([before, after])
    count = Counter(map(tuple, pairs[before != after].tolist()))
    found = []
    for pair, rows in sorted(count.items(), key=lambda each: (-each[1], each[0]))[:WAYS]:
        mask = (pairs == pair).all(axis=1)
        before_name, after_name = (schema.classes[code] for code in pair)
        better, worse = (int((mask & kind).sum()) for kind in (moved.better, moved.worse))
        found.append(Way(before_name, after_name, rows, better, worse))
    return tuple(found)


def _answer(scores: NDArray[Any], schema: TableSchema) -> str:
    if not schema.classes:
        return told(float(scores[0]))
    code = int(scores.argmax())
    return f"{schema.classes[code]} ({scores[code]:.0%})"


def _truth(value: Any, schema: TableSchema) -> str:
    return schema.classes[int(value)] if schema.classes else told(float(value))
