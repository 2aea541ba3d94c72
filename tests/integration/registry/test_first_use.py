"""The first use of a registry by several processes at once."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from steps.registry.registry import Registry

AT_ONCE = 4
together: Barrier


def meet(barrier: Barrier) -> None:
    """What each process begins with: the imports, and then all at once."""
    global together
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

    together = barrier


def first(uri: str) -> list[str]:
    """Use the registry for the first time."""
    together.wait(60)
    return Registry(uri).models()


@pytest.mark.fault(
    kind="at once",
    where="the first use of one new MLflow database by four processes",
    promise="One makes its tables, the others wait; all of them read it.",
    then="nothing is needed",
)
def test_of_several_first_users_one_makes_the_database(tmp_path: Path) -> None:
    """MLflow's own migrations fail where two processes carry them out."""
    context = multiprocessing.get_context("spawn")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    with context.Pool(AT_ONCE, meet, [context.Barrier(AT_ONCE)]) as pool:
        assert pool.map(first, [uri] * AT_ONCE, chunksize=1) == [[]] * AT_ONCE
