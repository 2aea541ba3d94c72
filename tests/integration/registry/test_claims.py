"""One retraining at a time, whoever asks."""

import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from steps.registry.claims import KEPT, claim, retrainings
from steps.registry.registry import Registry

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def attempt(uri: str) -> bool:
    """Claim a retraining where none has begun."""
    return claim(Registry(uri), "shop", NOW, lambda times: not times)


def made(folder: Path) -> str:
    """A registry that has the model."""
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    Registry(uri).client.create_registered_model("shop")
    return uri


@pytest.mark.fault(
    kind="at once",
    where="many monitors that would retrain one model",
    promise="One begins.",
    then="nothing is needed",
)
def test_of_many_that_ask_at_once_one_may_begin(tmp_path: Path) -> None:
    """In processes of their own."""
    uri = made(tmp_path)
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert sum(pool.map(attempt, [uri] * 4)) == 1
    assert retrainings(Registry(uri), "shop") == [NOW]


def test_the_last_retrainings_are_kept(tmp_path: Path) -> None:
    """Enough of them for any cap, and no more than a tag holds."""
    registry = Registry(made(tmp_path))
    for day in range(KEPT + 5):
        assert claim(registry, "shop", NOW + timedelta(days=day), lambda _: True)
    held = retrainings(registry, "shop")
    assert (len(held), held[-1]) == (KEPT, NOW + timedelta(days=KEPT + 4))
