"""The pictures of a model's answers on the held-out rows, as its task asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schema import TableSchema
from steps.evaluation.curves import (
    calibration_error,
    precision_recall,
    reliability,
    roc,
)
from steps.evaluation.picture import BARS, UNIT, Picture, Side, bin_lines, outline
from steps.evaluation.residuals import of_numbers
from steps.pages.chart import Line, chart, thin

Floats = NDArray[np.float64]
# Of many classes the most frequent ones have a curve.
CLASSES = 6
TONES = ("first", "second", "third", "fourth", "fifth", "sixth")
SURE = "probability of the class that is answered"


def pictures(
    y: NDArray[Any], schema: TableSchema, ours: Side, theirs: Side | None
) -> list[Picture]:
    """What the task asks for, of the challenger and where there is one of the champion."""
    if schema.task == "regression":
        return list(of_numbers(np.asarray(y, np.float64), ours, theirs, schema.target))
    truth = y.astype(np.int64)
    if schema.task == "multiclass":
        return list(_of_classes(truth, ours, schema.classes))
    return list(_of_two(truth == 1, ours, theirs, schema))


def _of_two(
    truth: NDArray[np.bool_], ours: Side, theirs: Side | None, schema: TableSchema
) -> Iterator[Picture]:
    name = schema.classes[1]
    sides = [(ours, "first"), *([(theirs, "rival")] if theirs else [])]
    yield _rocs(
        [(each.name, tone, truth, each.scores[:, 1]) for each, tone in sides],
        f"How many of the '{name}' rows are found, over how many of the others are taken for one, "
        "at every threshold.",
    )
    yield _precisions(
        [(each.name, tone, truth, each.scores[:, 1]) for each, tone in sides],
        f"How many of those called '{name}' are, over how many of them are found. Dashed: their "
        f"share of the rows, {truth.mean():.1%}.",
        float(truth.mean()),
    )
    yield _calibration(truth, ours.scores[:, 1], f"predicted probability of '{name}'")
    yield _scores(
        [(f"truly '{schema.classes[code]}'", tone, ours.scores[truth == bool(code), 1])
         for code, tone in ((1, "first"), (0, "rival"))],
        "Scores",
        "How the rows of either class are spread over the scores that they get: the less the two "
        "lie over each other, the better they are told apart.",
        f"predicted probability of '{name}'",
    )  # fmt: skip


def _of_classes(
    truth: NDArray[np.int64], ours: Side, classes: tuple[str, ...]
) -> Iterator[Picture]:
    count = np.bincount(truth, minlength=len(classes))
    chosen = sorted(np.argsort(-count, kind="stable")[:CLASSES].tolist())
    sides = [
        (classes[code], tone, truth == code, ours.scores[:, code])
        for code, tone in zip(chosen, TONES, strict=False)
        if 0 < count[code] < len(truth)
    ]
    left = len(classes) - len(chosen)
    more = f" The {len(chosen)} most frequent of {len(classes)} classes." if left else ""
    yield _rocs(sides, f"Each class against the rest, at every threshold.{more}")
    yield _precisions(sides, f"Each class against the rest.{more}", None)
    hits, highest = ours.scores.argmax(axis=1) == truth, ours.scores.max(axis=1)
    yield _calibration(hits, highest, SURE)
    yield _scores(
        [("answered rightly", "first", highest[hits]), ("wrongly", "rival", highest[~hits])],
        "How sure it is",
        "How the rows that are answered rightly, and the others, are spread over the probability "
        "of their answer.",
        SURE,
    )


Curves = list[tuple[str, str, NDArray[np.bool_], NDArray[Any]]]


def _rocs(sides: Curves, about: str) -> Picture:
    found = [(name, tone, roc(truth, scores)) for name, tone, truth, scores in sides]
    lines = [Line(f"{name}, area {c.area:.3f}", *thin(c.x, c.y), tone) for name, tone, c in found]
    chance = Line("", np.array(UNIT), np.array(UNIT), "", "aside")
    told = ", ".join(f"{name} {c.area:.3f}" for name, _, c in found)
    return Picture(
        "ROC curve",
        f"{about} Dashed: chance.",
        chart(
            [*lines, chance],
            label=f"ROC curve. Area: {told}",
            across="false positive rate",
            up="true positive rate",
            xs=UNIT,
            ys=UNIT,
            shape="square",
        ),
    )


def _precisions(sides: Curves, about: str, share: float | None) -> Picture:
    found = [(name, tone, precision_recall(truth, s)) for name, tone, truth, s in sides]
    lines = [
        Line(f"{name}, average {c.area:.3f}", *thin(c.x, c.y), tone) for name, tone, c in found
    ]
    told = ", ".join(f"{name} {c.area:.3f}" for name, _, c in found)
    base = [Line("", np.array(UNIT), np.array([share, share]), "", "aside")] if share else []
    return Picture(
        "Precision and recall",
        about,
        chart(
            [*lines, *base],
            label=f"Precision over recall. Average precision: {told}",
            across="recall",
            up="precision",
            xs=UNIT,
            ys=UNIT,
            shape="square",
        ),
    )


def _calibration(truth: NDArray[np.bool_], scores: NDArray[Any], across: str) -> Picture:
    bins = reliability(truth, scores)
    error = calibration_error(bins)
    return Picture(
        "Calibration",
        f"{len(bins)} bins of as many rows each, with 95% Wilson intervals. On the dashed line, "
        "what is said to be so likely is so often so. Expected calibration error "
        f"{error:.3f}.",
        chart(
            [*bin_lines(bins), Line("", np.array(UNIT), np.array(UNIT), "", "aside")],
            label=f"Calibration. Expected calibration error {error:.3f}",
            across=across,
            up="share that is so",
            xs=UNIT,
            ys=UNIT,
            shape="square",
        ),
    )


def _scores(
    sides: list[tuple[str, str, NDArray[Any]]], title: str, about: str, across: str
) -> Picture:
    """How the scores of two kinds of rows are spread."""
    edges = np.linspace(0.0, 1.0, BARS + 1)
    lines = [outline(name, tone, held, edges) for name, tone, held in sides]
    return Picture(
        title,
        about,
        chart(
            lines,
            label=f"{title}: {across}, of rows {' and '.join(name for name, _, _ in sides)}",
            across=across,
            up="share of these rows",
            xs=UNIT,
            ys=(0.0, 1.06 * (max(float(line.y.max()) for line in lines) or 1.0)),
            shape="square",
            told_up=lambda share: f"{share:.0%}",
        ),
    )
