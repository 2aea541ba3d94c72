"""What the demo plants, so that the truth is known: the rows, the drift and the wrong table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from steps.data.demos import read_flights

TARGET = "late"
# Rows of each part, which share none.
TABLE, QUIET, CHANGED, RECOVERED = 4000, 1200, 2400, 1200
DEGREES, AIRLINE, SHARE = 20.0, "ZZ", 0.3
# The columns that the planted change moves; the outcome moves with the hour, which does not.
MOVED = ("carrier", "temp")
EARLY = 8
OTHER = {"yes": "no", "no": "yes"}


@dataclass(frozen=True, slots=True)
class Plants:
    """Rows of the demo's table, each part with rows of its own.

    Args:
        table: What the first version learns from.
        quiet: Requests like those rows.
        changed: Requests after the planted change.
        recovered: More of them, for a look at the version that learnt the change.
        before: Requests that nothing is judged by, like the table's rows.
        after: Such requests after the change.
    """

    table: pd.DataFrame
    quiet: pd.DataFrame
    changed: pd.DataFrame
    recovered: pd.DataFrame
    before: pd.DataFrame
    after: pd.DataFrame


def plants(seed: int = 0) -> Plants:
    """The parts, the same ones for the same seed."""
    rows = read_flights().sample(frac=1.0, random_state=seed, ignore_index=True)
    ends = np.cumsum([TABLE, QUIET, CHANGED, RECOVERED])
    table, quiet, after, later, rest = (
        rows.iloc[low:high].reset_index(drop=True)
        for low, high in zip([0, *ends], [*ends, len(rows)], strict=True)
    )
    half = len(rest) // 2
    return Plants(
        table,
        quiet,
        change(after, seed + 1),
        change(later, seed + 2),
        rest.iloc[:half],
        change(rest.iloc[half:], seed + 3),
    )


def change(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """A heat wave, an airline that training did not know, and early flights that come in late."""
    random = np.random.default_rng(seed)
    flown = random.random(len(rows)) < SHARE
    late = random.random(len(rows)) < np.where(rows["hour"] < EARLY, 0.85, 0.08)
    return rows.assign(
        temp=rows["temp"] + DEGREES,
        carrier=rows["carrier"].where(~flown, AIRLINE),
        **{TARGET: np.where(late, "yes", "no")},
    )


def turned(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows with yes for no and no for yes, as a mistake in an export leaves them."""
    return rows.assign(**{TARGET: rows[TARGET].map(OTHER)})


def write(rows: pd.DataFrame, path: Path) -> None:
    """A table as a file, which takes the place of the one before in one step."""
    draft = path.with_suffix(".tmp")
    rows.to_csv(draft, index=False)
    draft.replace(path)
