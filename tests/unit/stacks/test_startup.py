"""What is done about the cost of starting."""

import gc
import importlib.metadata
from collections.abc import Iterator

import pytest

from stacks.startup import end_logs, loading, read_packages_once


@pytest.fixture
def collector() -> Iterator[None]:
    """Python's collector as it is by itself, and as before at the end."""
    before = gc.get_threshold()
    gc.set_threshold(700)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
def test_the_collector_rests_while_modules_load_and_works_again_after() -> None:
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] > 700


@pytest.mark.usefixtures("collector")
def test_what_loads_within_a_loading_does_not_wake_the_collector() -> None:
    with loading():
        with loading():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.usefixtures("collector")
def test_the_collector_works_again_after_an_import_that_failed() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError("no such module")
    assert gc.isenabled()


def test_the_installed_packages_are_read_once_and_as_python_reads_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = getattr(
        importlib.metadata.packages_distributions,
        "__wrapped__",
        importlib.metadata.packages_distributions,
    )
    monkeypatch.setattr(importlib.metadata, "packages_distributions", asked)
    read_packages_once()
    read_packages_once()
    found = importlib.metadata.packages_distributions()
    assert found is importlib.metadata.packages_distributions()
    assert found == asked()


class Logs:
    """MLflow's module of a framework."""

    def __init__(self, *, broken: bool = False) -> None:
        self.ended, self.broken = False, broken

    def autolog(self, *, disable: bool) -> None:
        """End what is logged by itself."""
        if self.broken:
            raise RuntimeError("no such framework")
        self.ended = disable


def test_automatic_logs_are_ended_of_what_is_loaded_though_one_will_not_end() -> None:
    broken, whole = Logs(broken=True), Logs()
    end_logs({"mlflow.pytorch": broken, "mlflow.sklearn": whole, "mlflow.data": None})
    assert whole.ended
