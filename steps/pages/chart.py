"""Curves and points in a plane, as numbers that a template draws as SVG with words around it.

The picture is stretched to the width that there is, and its words are HTML: they keep their size
on a phone, take the colours of the page by day and by night, and are escaped like all the rest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Form = Literal["line", "dots", "bars", "spans", "aside"]
# The side of the picture in its own units: whole numbers keep a page small.
SIDE = 1000
# More points than this of a curve nobody sees.
POINTS = 160


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be drawn of one thing.

    Args:
        name: As the key has it; empty for what is not in the key.
        tone: The class of its colour, which `page.html.j2` defines.
        form: 'aside' is a line that is only there to be compared with; 'spans' are uprights from
            `low` to `y`.
    """

    name: str
    x: Floats
    y: Floats
    tone: str = "first"
    form: Form = "line"
    low: Floats | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line in the picture's units, as SVG paths have it."""

    name: str
    path: str
    tone: str
    form: Form


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with its axes.

    Args:
        label: What it shows, for those who do not see it.
        across, up: What the axes measure.
        acrosses, ups: Places on an axis, in per cent, with what stands there.
        xs, ys: The ends of the axes.
        shape: Whether it is as high as it is wide, or flat.
    """

    label: str
    across: str
    up: str
    drawn: tuple[Drawn, ...]
    acrosses: tuple[tuple[float, str], ...]
    ups: tuple[tuple[float, str], ...]
    xs: tuple[float, float]
    ys: tuple[float, float]
    shape: Literal["square", "flat"] = "flat"

    @property
    def keys(self) -> list[Drawn]:
        """What the key names: one line alone needs none."""
        named = [each for each in self.drawn if each.name]
        return named if len(named) > 1 else []


def chart(
    lines: Sequence[Line],
    *,
    label: str,
    across: str,
    up: str,
    xs: tuple[float, float] | None = None,
    ys: tuple[float, float] | None = None,
    shape: Literal["square", "flat"] = "flat",
    told: Callable[[float], str] | None = None,
    told_up: Callable[[float], str] | None = None,
) -> Chart:
    """Draw lines in one plane, the first one on top.

    Args:
        xs, ys: The ends of the axes; those of the lines where none are given.
        told, told_up: How a number on an axis is written.
    """
    left, right = map(float, xs or _ends([each.x for each in lines]))
    lows = [each.low for each in lines if each.low is not None]
    low, high = map(float, ys or _ends([*(each.y for each in lines), *lows]))
    return Chart(
        label=label,
        across=across,
        up=up,
        drawn=tuple(_drawn(each, (left, right), (low, high)) for each in lines),
        acrosses=tuple(ticks(left, right, told or _short)),
        ups=tuple(ticks(low, high, told_up or _short)),
        xs=(left, right),
        ys=(low, high),
        shape=shape,
    )


def scaled(numbers: Floats, low: float, high: float) -> Floats:
    """Numbers between two ends in the picture's units; what lies beyond lies on its edge."""
    return np.clip((numbers - low) / (high - low), 0.0, 1.0) * SIDE


def ticks(
    low: float, high: float, told: Callable[[float], str], most: int = 5
) -> list[tuple[float, str]]:
    """Round numbers between two ends, with their places in per cent."""
    rough = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * each for each in (1, 2, 2.5, 5, 10) if unit * each >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # The product of two whole numbers of decimals ends where they do.
    found = [round(number * step, 12) for number in range(first, last + 1)]
    return [(round(100 * (each - low) / (high - low), 2), told(each)) for each in found]


def thin(x: Floats, y: Floats, most: int = POINTS) -> tuple[Floats, Floats]:
    """A curve by fewer points, evenly along its length, its ends among them."""
    if len(x) <= most:
        return x, y
    spans = [max(float(np.ptp(each)), 1e-12) for each in (x, y)]
    way = np.hypot(np.diff(x) / spans[0], np.diff(y) / spans[1])
    along = np.concatenate([[0.0], np.cumsum(way)])
    kept = np.unique(np.searchsorted(along, np.linspace(0.0, along[-1], most)))
    kept = np.unique(np.concatenate([[0], np.clip(kept, 0, len(x) - 1), [len(x) - 1]]))
    return x[kept], y[kept]


def _drawn(line: Line, xs: tuple[float, float], ys: tuple[float, float]) -> Drawn:
    """A line in the picture's units."""
    x, y = scaled(line.x, *xs), SIDE - scaled(line.y, *ys)
    held = np.isfinite(x) & np.isfinite(y)
    points = list(zip(_whole(x[held]), _whole(y[held]), strict=True))
    if line.low is not None:
        low = _whole(SIDE - scaled(line.low, *ys)[held])
        path = "".join(f"M{a} {below}V{b}" for (a, b), below in zip(points, low, strict=True))
    else:
        path = _path(line.form, points)
    return Drawn(line.name, path, line.tone, line.form)


def _ends(parts: Sequence[Floats]) -> tuple[float, float]:
    """The range of all these numbers with some room; never nothing."""
    held = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
    held = held[np.isfinite(held)]
    low, high = (float(held.min()), float(held.max())) if len(held) else (0.0, 1.0)
    room = 0.04 * (high - low) or 0.5 * abs(low) or 0.5
    return low - room, high + room


def _path(form: Form, points: Sequence[tuple[int, int]]) -> str:
    """The `d` of an SVG path."""
    if form == "dots":
        # A line of no length with round ends stays round however the picture is stretched.
        return "".join(f"M{a} {b}h0" for a, b in points)
    if form == "bars":
        return _bars(points)
    return "M" + "L".join(f"{a} {b}" for a, b in points) if points else ""


def _bars(points: Sequence[tuple[int, int]]) -> str:
    """A bar of one width around each point, from the bottom up."""
    gaps = [after[0] - before[0] for before, after in itertools.pairwise(points)]
    width = max(min(gaps, default=40) - 4, 2)
    return "".join(f"M{a - width // 2} {SIDE}V{b}h{width}V{SIDE}z" for a, b in points)


def _whole(numbers: Floats) -> list[int]:
    found: list[int] = np.rint(numbers).astype(np.int64).tolist()
    return found


def _short(number: float) -> str:
    size = abs(number)
    if size >= 1e6 or 0 < size < 1e-4:
        return f"{number:.2g}"
    return f"{number:,.0f}" if size >= 1000 else f"{number:g}"
