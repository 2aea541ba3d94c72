"""A chart with its words, and what pictures of every task have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steps.evaluation.curves import Bin
from steps.pages.chart import Chart, Line

Floats = NDArray[np.float64]
BARS = 24
UNIT = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with its words."""

    title: str
    about: str
    chart: Chart


@dataclass(frozen=True, slots=True)
class Side:
    """The scores of one model."""

    name: str
    scores: NDArray[Any]


def bin_lines(bins: list[Bin]) -> list[Line]:
    x, y = (np.array([getattr(each, name) for each in bins]) for name in ("predicted", "actual"))
    high, low = (np.array([getattr(each, name) for each in bins]) for name in ("high", "low"))
    return [
        Line("", x, y, "first", "dots"),
        Line("", x, y, "first"),
        Line("", x, high, "first", "spans", low),
    ]


def outline(name: str, tone: str, held: NDArray[Any], edges: Floats) -> Line:
    """The share of the numbers between every two edges, as the outline of its bars."""
    shares = np.histogram(held, edges)[0] / max(len(held), 1)
    return Line(name, np.repeat(edges, 2)[1:-1], np.repeat(shares, 2), tone)
