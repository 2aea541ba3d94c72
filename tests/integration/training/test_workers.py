"""Fits side by side: the same bits as one by one, whoever does them."""

import os
from pathlib import Path

import pytest

from steps.training import workers
from steps.training.settings import CandidateSettings, TuningSettings
from steps.training.tuning import Job, scores_of, tune
from steps.training.workers import _done, _pool, helpers, laid_out, side_by_side
from tests.integration.training.side_jobs import Place, both_at_once, deadly, refused
from tests.integration.training.test_tuning import ROC_AUC, SEARCH, binary_data


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A folder for marks, and helpers that are worth their start."""
    monkeypatch.setattr(workers, "START", 0.0)
    return Place(os.getpid(), tmp_path)


def nobody(done: int) -> None:
    """Tell nobody."""


def test_helpers_are_started_only_where_they_save_more_than_their_start() -> None:
    """Short jobs, one processor, or rows that memory holds only once, are left to one process."""
    assert helpers(workers=2, jobs=5, seconds=10.0, size=1000) == 1
    assert helpers(workers=8, jobs=3, seconds=10.0, size=1000) == 2
    assert helpers(workers=2, jobs=5, seconds=0.1, size=1000) == 0
    assert helpers(workers=1, jobs=5, seconds=100.0, size=1000) == 0
    assert helpers(workers=2, jobs=5, seconds=100.0, size=1 << 50) == 0


def test_jobs_are_done_at_once_and_come_in_their_order(place: Place) -> None:
    """A job that waits for another process gets its answer while this one is at it."""
    told: list[int] = []
    found = side_by_side(both_at_once, place, range(6), 2, 1, told.append)
    assert [job for job, _ in found] == list(range(6))
    assert [helper for _, helper in found][:2] == [False, False]
    assert any(helper for _, helper in found)
    assert told[-1] == 6


def test_what_a_helper_leaves_is_taken_over(place: Place) -> None:
    """A process that dies costs time and no result."""
    assert side_by_side(deadly, place, range(4), 2, 1, nobody) == [0, 1, 2, 3]


@pytest.mark.parametrize("most", [1, 2])
def test_an_error_is_the_same_wherever_it_comes_up(place: Place, most: int) -> None:
    """Nothing is left out in silence."""
    with pytest.raises(ValueError, match="no 2 in"):
        side_by_side(refused, place, range(4), most, 1, nobody)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [("linear", {}), ("boosting", {"max_iter": 5}), ("network", {"epochs": 2})],
)
def test_a_helper_computes_the_same_bits(
    kind: str, parameters: dict[str, int], place: Place
) -> None:
    """A fold that another process fits is scored as here."""
    data = binary_data()
    candidate = CandidateSettings.model_validate({"name": "one", "kind": kind})
    job, given = Job(candidate, parameters, 1, 0), laid_out(data, place.folder)
    there = _pool(1).submit(_done, scores_of, given, job).result()
    assert there.tobytes() == scores_of(data, job).tobytes()


def test_the_number_of_workers_changes_no_result(place: Place) -> None:
    """Trials, choice and out-of-fold scores are those of one worker."""
    del place
    data = binary_data()
    one, two = (
        tune(SEARCH, data, TuningSettings(trials=3, workers=most), ROC_AUC, 0) for most in (1, 2)
    )
    assert (one.trials, one.best) == (two.trials, two.best)
    assert one.oof.tobytes() == two.oof.tobytes()
