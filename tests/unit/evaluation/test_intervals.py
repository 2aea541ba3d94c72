"""Bootstrap intervals cover, repeat by seed and stay honest where they cannot be drawn."""

from __future__ import annotations

import numpy as np
import pytest

from steps.evaluation import intervals as module
from steps.evaluation.intervals import Bootstrap, draws, interval, paired_interval
from steps.evaluation.metrics import find_metric, primary
from tests.unit.evaluation.tables import labels, scores

AUC = primary("binary")
FEW = Bootstrap(resamples=200)


@pytest.mark.parametrize("large", [module.LARGE, 100], ids=["whole", "in blocks"])
def test_an_interval_covers_the_true_mean_about_as_often_as_it_says(
    large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", large)
    monkeypatch.setattr(module, "BLOCK", 90)
    accuracy = find_metric("mae", "regression")
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        y = random.exponential(size=200)
        found = interval(accuracy, y, np.zeros((200, 1)), FEW)
        covered += found.low <= 1.0 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_a_resample_in_blocks_draws_as_many_rows_as_there_are_from_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LARGE", 100)
    monkeypatch.setattr(module, "BLOCK", 90)
    (counts,) = draws(200, Bootstrap(resamples=4000))
    assert set(counts.sum(axis=1)) == {200.0}
    # Multinomial counts, in the first row as in the last of the shorter block.
    assert np.abs(counts.mean(axis=0) - 1).max() < 0.1
    assert np.abs(counts.var(axis=0) - 1).max() < 0.2
    assert np.abs(np.corrcoef(counts.T) - np.eye(200)).max() < 0.1


def test_a_paired_interval_covers_the_true_difference_about_as_often_as_it_says() -> None:
    mae = find_metric("mae", "regression")
    random = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        y = random.exponential(size=200)
        shift = random.choice([0.0, 0.4], 200)
        ours, theirs = np.zeros((200, 1)), -shift[:, None]
        found = paired_interval(mae, y, ours, theirs, FEW)
        covered += found.low <= 0.2 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_pairing_makes_the_interval_of_two_alike_models_narrow() -> None:
    y = labels(2000)
    ours = scores(y, 1.5)
    theirs = scores(y, 1.5) + np.random.default_rng(9).normal(scale=0.01, size=ours.shape)
    alone = interval(AUC, y, ours, FEW)
    paired = paired_interval(AUC, y, ours, theirs, FEW)
    assert paired.high - paired.low < (alone.high - alone.low) / 5


def test_a_model_does_not_improve_on_itself() -> None:
    y = labels(300)
    found = paired_interval(AUC, y, scores(y, 1.0), scores(y, 1.0), FEW)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    y = labels(300)
    model = scores(y, 1.0)
    assert interval(AUC, y, model, FEW) == interval(AUC, y, model, FEW)
    assert interval(AUC, y, model, FEW) != interval(AUC, y, model, Bootstrap(200, seed=1))


def test_resamples_drawn_in_parts_are_the_same_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(draws(50, Bootstrap(30))))
    monkeypatch.setattr(module, "CELLS", 50 * 7)
    parts = list(draws(50, Bootstrap(30)))
    assert len(parts) == 5
    assert np.array_equal(np.concatenate(parts), whole)
    assert (whole.sum(axis=1) == 50).all()


def test_groups_are_drawn_whole() -> None:
    groups = np.array([0, 0, 1, 2, 2, 2])
    counts = np.concatenate(list(draws(6, Bootstrap(50), groups)))
    assert (counts[:, 0] == counts[:, 1]).all()
    assert (counts[:, 3] == counts[:, 5]).all()
    assert (counts[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_rows_that_repeat_within_groups_widen_the_interval() -> None:
    y = np.repeat(labels(60), 20)
    model = np.repeat(scores(labels(60), 1.0), 20, axis=0)
    alone = interval(AUC, y, model, FEW)
    grouped = interval(AUC, y, model, FEW, np.repeat(np.arange(60), 20))
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


def test_a_resample_with_one_class_is_left_out() -> None:
    y = np.r_[np.zeros(30, dtype=int), 1, 1]
    found = interval(AUC, y, scores(y, 3.0), FEW)
    assert found.known
    assert 0 <= found.low <= found.high <= 1


def test_no_bounds_are_told_when_most_resamples_are_undefined() -> None:
    y = np.zeros(30, dtype=int)
    assert not interval(AUC, y, scores(y, 1.0), FEW).known
