"""Folds in the order of time, and the rows that a model may learn from."""

import numpy as np
import pandas as pd
import pytest

from serving.errors import ConfigError, DataError
from steps.training.chain import EARLY, FIRST, before, chain, learnt_from, order_of, recent
from steps.training.settings import TuningSettings

ORDERED = TuningSettings(order="when", folds=3)
RANDOM = np.random.default_rng(0)
TIMES = pd.DataFrame({"when": RANDOM.permutation(1200) // 3, "name": "x"})


def test_no_fold_is_learnt_or_weighed_from_its_own_time_or_later() -> None:
    """In whichever order the rows lie, and with several rows of one moment."""
    order = order_of(TIMES, ORDERED)
    assert order is not None
    folds = chain(order, ORDERED)
    assert sorted(set(folds)) == [EARLY, FIRST, 0, 1, 2]
    for fold in (FIRST, 0, 1, 2):
        held = folds == fold
        for window in (1.0, 0.25):
            assert order[learnt_from(order, held, window)].max() < order[held].min()
        assert not before(folds, fold).any() or order[before(folds, fold)].max() < order[held].min()


def test_a_window_holds_the_most_recent_rows_of_those_before() -> None:
    order = order_of(TIMES, ORDERED)
    assert order is not None
    held = chain(order, ORDERED) == 1
    past, quarter = learnt_from(order, held, 1.0), learnt_from(order, held, 0.25)
    assert quarter.sum() == pytest.approx(0.25 * past.sum(), abs=3)
    assert order[quarter].min() > order[past & ~quarter].max()
    assert recent(order, 0.5).sum() == 600


def test_the_tables_own_order_is_taken_where_it_is_declared() -> None:
    order = order_of(TIMES, TuningSettings(order=True))
    assert order is not None
    assert np.flatnonzero(recent(order, 0.25)).tolist() == [*range(900, 1200)]
    assert order_of(TIMES, TuningSettings()) is None


@pytest.mark.parametrize(
    ("order", "said"), [("whne", "Did you mean 'when'"), ("name", "'name' holds no times")]
)
def test_a_column_that_orders_nothing_is_refused(order: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        order_of(TIMES, TuningSettings(order=order))


def test_rows_of_too_few_moments_are_refused() -> None:
    with pytest.raises(DataError, match="too few moments for 3 folds"):
        chain(np.repeat([1, 2, 3], 100), ORDERED)
