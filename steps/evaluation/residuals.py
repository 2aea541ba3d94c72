"""The pictures of predicted numbers beside the true ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from steps.evaluation.curves import levels
from steps.evaluation.numbers import show
from steps.evaluation.picture import BARS, Floats, Picture, Side, bin_lines, outline
from steps.pages.chart import Line, chart

DOTS = 400


def of_numbers(y: Floats, ours: Side, theirs: Side | None, target: str) -> Iterator[Picture]:
    predicted = ours.scores[:, 0].astype(np.float64)
    drawn = _some(len(y))
    few = f" {len(drawn):,} of the {len(y):,} rows are drawn." if len(drawn) < len(y) else ""
    both = np.concatenate([y[drawn], predicted[drawn]])
    room = 0.03 * float(np.ptp(both)) or 0.5
    ends = (float(both.min()) - room, float(both.max()) + room)
    same = Line("", np.array(ends), np.array(ends), "", "aside")
    yield Picture(
        "Predicted and true",
        f"On the dashed line a prediction is the truth.{few}",
        chart(
            [same, Line("", predicted[drawn], y[drawn], "first", "dots")],
            label=f"True {target} over predicted {target}",
            across=f"predicted {target}",
            up=f"true {target}",
            xs=ends,
            ys=ends,
            shape="square",
        ),
    )
    wrong = y - predicted
    zero = Line("", np.array(ends), np.zeros(2), "", "aside")
    yield Picture(
        "Residuals",
        f"Above the dashed line the truth was more than predicted.{few}",
        chart(
            [zero, Line("", predicted[drawn], wrong[drawn], "first", "dots")],
            label=f"True less predicted {target}, over predicted {target}",
            across=f"predicted {target}",
            up="true less predicted",
            xs=ends,
            shape="square",
        ),
    )
    yield _spread_of(wrong, None if theirs is None else y - theirs.scores[:, 0])
    yield _by_level(y, predicted, target)


def _spread_of(ours: Floats, theirs: Floats | None) -> Picture:
    """How residuals are spread, between the outer hundredths."""
    low, high = np.quantile(ours, (0.01, 0.99))
    edges = np.linspace(low, high if high > low else low + 1.0, BARS + 1)
    lines = [outline("challenger", "first", ours, edges)]
    if theirs is not None:
        lines.append(outline("champion", "rival", theirs, edges))
    middle = f"{show(float(np.quantile(ours, 0.1)))} to {show(float(np.quantile(ours, 0.9)))}"
    top = max(float(line.y.max()) for line in lines)
    return Picture(
        "How far off",
        f"The middle 80% of the residuals lie at {middle}; drawn are the middle 98%.",
        chart(
            lines,
            label=f"How residuals are spread. The middle 80%: {middle}",
            across="true less predicted",
            up="share of the rows",
            xs=(float(edges[0]), float(edges[-1])),
            ys=(0.0, 1.06 * top),
            shape="square",
            told_up=lambda share: f"{share:.0%}",
        ),
    )


def _by_level(y: Floats, predicted: Floats, target: str) -> Picture:
    bins = levels(y, predicted)
    ends = [number for each in bins for number in (each.predicted, each.actual)]
    across = np.array([min(ends), max(ends)])
    return Picture(
        "Calibration",
        f"{len(bins)} bins of as many rows each: their mean truth over their mean prediction, and "
        "where the middle 80% of the true values lie.",
        chart(
            [*bin_lines(bins), Line("", across, across, "", "aside")],
            label=f"Mean true {target} over mean predicted {target}",
            across=f"predicted {target}",
            up=f"true {target}",
            shape="square",
        ),
    )


def _some(rows: int) -> NDArray[np.int64]:
    """At most so many rows, the same ones each time."""
    return np.sort(np.random.default_rng(0).permutation(rows)[:DOTS])
