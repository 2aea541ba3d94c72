"""Many numbers of several things as swarms of dots over one axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Colours from the lowest value to the highest, and one for what has none.
SHADES = 5
# Places side by side on the axis: dots of one place are heaped up and down.
CELLS = 90
# In pixels: from one dot of a heap to the next, and how far the last may lie from the middle.
STEP, REACH = 3, 9


@dataclass(frozen=True, slots=True)
class Dot:
    """One number: per cent from the left, pixels from the middle, the class of its colour."""

    across: float
    up: int
    shade: str


@dataclass(frozen=True, slots=True)
class Swarm:
    """The dots of one thing, and where zero lies on the axis, in per cent."""

    dots: tuple[Dot, ...]
    zero: float


def swarm(parts: Sequence[tuple[Floats, Floats]]) -> list[Swarm]:
    """Swarms over the axis that all share.

    Args:
        parts: Of each the numbers, and how high what they belong to is among its like, 0 to 1; NaN
            where that is not known.
    """
    reach = max((float(np.abs(numbers).max(initial=0.0)) for numbers, _ in parts), default=0.0)
    return [Swarm(_dots(numbers, places, reach or 1.0), 50.0) for numbers, places in parts]


def _dots(numbers: Floats, places: Floats, reach: float) -> tuple[Dot, ...]:
    heaps = Counter[int]()
    found = []
    for number, place in zip(numbers.tolist(), places.tolist(), strict=True):
        cell = round(CELLS * (number / reach + 1) / 2)
        height, heaps[cell] = heaps[cell], heaps[cell] + 1
        # Up and down by turns from the middle; a heap too high begins anew.
        up = (height + 1) // 2 * STEP * (1 if height % 2 else -1)
        up = (up + REACH) % (2 * REACH + 1) - REACH if abs(up) > REACH else up
        shade = "" if place != place else f"v{min(int(place * SHADES), SHADES - 1)}"
        found.append(Dot(round(3 + 94 * cell / CELLS, 1), up, shade))
    return tuple(found)
