"""Which rows are held out for the test, the same ones in every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.errors import ConfigError, DataError, near_miss
from steps.data.finding import LABELLED
from steps.data.hashing import row_hash
from steps.data.settings import SplitSettings
from steps.data.stored import Table

MIN_SIDE = 10


@dataclass(frozen=True, slots=True)
class Split:
    """How a table was dealt.

    Args:
        held_out: True for each row of the test.
        cutoff: Of a split by time, where the test begins.
    """

    held_out: NDArray[np.bool_]
    cutoff: str | None = None


def held_out(frame: Table, settings: SplitSettings, columns: Sequence[str]) -> NDArray[np.bool_]:
    """True for each row of the test."""
    return deal(frame, settings, columns).held_out


def deal(frame: Table, settings: SplitSettings, columns: Sequence[str]) -> Split:
    """Deal the rows to the two sides.

    By row or group the side follows from a seeded hash of the values alone: it stays when rows are
    added, taken away or reordered, and equal rows stay together.

    Args:
        columns: What a row is hashed by, never the target.

    Raises:
        ConfigError: The table does not hold the settings' column.
        DataError: A group or time is missing, or a side would be too small.
    """
    if settings.by == "time":
        split = _by_time(frame, settings)
    else:
        split = Split(hashed_out(frame, settings, columns))
    _refuse_small(split.held_out, settings)
    return split


def hashed_out(frame: Table, settings: SplitSettings, columns: Sequence[str]) -> NDArray[np.bool_]:
    """True for each row of any table that these settings, by row or group, deal to the test.

    A model can so be kept from the rows that it was trained on, whatever table they come in.
    """
    keys = columns if settings.by == "row" else [_column(frame, settings)]
    return _chosen(row_hash(frame, keys, settings.seed), settings.test_share)


def _chosen(hashes: NDArray[np.uint64], share: float) -> NDArray[np.bool_]:
    """The rows whose hash is in the lowest share of all possible ones."""
    return (hashes >> np.uint64(11)) < np.uint64(share * 2**53)


def _by_time(frame: Table, settings: SplitSettings) -> Split:
    """The last rows; those of one moment stay together."""
    times = frame[_column(frame, settings)]
    if times.dtype == "str" or times.dtype in ("bool", "boolean"):
        raise ConfigError(f"Column '{settings.column}' holds no times: it cannot split by time.")
    place = len(times) - max(1, round(settings.test_share * len(times)))
    cutoff = times.sort_values().iloc[place]
    shown = cutoff.isoformat() if isinstance(cutoff, pd.Timestamp) else str(cutoff)
    return Split((times >= cutoff).to_numpy(np.bool_), shown)


def _column(frame: Table, settings: SplitSettings) -> str:
    """The settings' column, which must be there in every row."""
    name = settings.column or ""
    if name not in frame.columns:
        raise ConfigError(
            f"The table has no column '{name}' (split.column). {near_miss(name, frame.columns)}"
        )
    missing = int(frame[name].isna().sum())
    if missing:
        came = frame.attrs.get(LABELLED)
        told = f" {came} rows came back labelled: leave them out with labels.enabled=false."
        raise DataError(
            f"Column '{name}' is missing in {missing} rows, so that no {settings.by} says which "
            f"side they are on.{told if came else ''}"
        )
    return name


def _refuse_small(held_out: NDArray[np.bool_], settings: SplitSettings) -> None:
    """Refuse a side with fewer rows than a test or a training makes sense with."""
    test = int(held_out.sum())
    for side, rows in (("test", test), ("training", len(held_out) - test)):
        if rows < MIN_SIDE:
            raise DataError(
                f"The split by {settings.by} leaves {rows} rows for the {side}; at least "
                f"{MIN_SIDE} are needed. Change split.test_share or split.by."
            )
