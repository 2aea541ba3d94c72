"""Rows in the order of time: folds that only earlier rows score, and the most recent rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.errors import ConfigError, DataError, near_miss
from steps.training.candidate import Folds
from steps.training.settings import TuningSettings

Order = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Rows that no model scores: all models learn from them.
EARLY = -2
# Rows whose scores choose the first weights of a blend, and count for nothing else.
FIRST = -1
# The share of the rows, the latest ones, that the folds lie in.
SCORED = 0.5


def order_of(rows: pd.DataFrame, settings: TuningSettings) -> Order | None:
    """The rank of each row in time, the same for rows of one moment; None without an order.

    Raises:
        ConfigError: There is no such column, or it has no order in time.
        DataError: A row has no time.
    """
    if settings.order is False:
        return None
    if settings.order is True:
        return np.arange(len(rows), dtype=np.int64)
    name = settings.order
    if name not in rows.columns:
        hint = near_miss(name, map(str, rows.columns))
        raise ConfigError(f"tuning.order: there is no column '{name}'. {hint}")
    times = rows[name]
    if times.dtype == "str" or times.dtype in ("bool", "boolean"):
        raise ConfigError(f"tuning.order: column '{name}' holds no times.")
    if times.isna().any():
        raise DataError(f"Column '{name}' (tuning.order) is missing in {times.isna().sum()} rows.")
    return np.asarray(times.rank(method="dense"), dtype=np.int64)


def chain(order: Order, settings: TuningSettings) -> Folds:
    """Folds that follow each other in time, for forward chaining.

    Each is scored by models of the rows before it, and a blend's weights for it come from the folds
    before it, so that nothing is known of its future (Tashman, "Out-of-sample tests of forecasting
    accuracy", International Journal of Forecasting 16, 2000).

    Raises:
        DataError: The rows are of too few moments.
    """
    ranked = np.sort(order)
    count = settings.folds + 1
    places = len(order) * (1 - SCORED + SCORED * np.arange(count) / count)
    cuts = ranked[places.astype(np.int64)]
    if cuts[0] == ranked[0] or len(np.unique(cuts)) < count:
        raise DataError(
            f"The training rows are of too few moments for {settings.folds} folds in the order of "
            "time: lower tuning.folds or leave tuning.order and ensemble.windows out."
        )
    return np.searchsorted(cuts, order, side="right").astype(np.int64) + EARLY


def is_chain(folds: Folds) -> bool:
    """Whether folds follow each other in time."""
    return bool(folds.min() < 0)


def scored(folds: Folds) -> Mask:
    """The rows that models which did not see them have scored."""
    mask: Mask = folds > EARLY
    return mask


def before(folds: Folds, fold: int) -> Mask:
    """The scored rows whose scores may choose something for a fold."""
    others: Mask = (folds < fold if is_chain(folds) else folds != fold) & scored(folds)
    return others


def learnt_from(order: Order | None, held: Mask, window: float) -> Mask:
    """The rows that a model may learn from before it scores the held ones.

    Args:
        window: The share of those rows that it learns from, the most recent ones.
    """
    if order is None:
        return ~held
    past: Mask = order < order[held].min()
    return past & recent(order, window, past)


def recent(order: Order | None, window: float, among: Any = slice(None)) -> Mask:
    """The most recent rows; those of one moment stay together.

    Raises:
        ConfigError: The rows have no order.
    """
    if order is None:
        raise ConfigError("A candidate's window needs an order of the rows: tuning.order.")
    ranked = np.sort(order[among])
    place = len(ranked) - max(1, round(window * len(ranked)))
    mask: Mask = order >= ranked[place]
    return mask
