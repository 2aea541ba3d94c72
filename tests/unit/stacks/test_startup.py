"""What is done about the cost of starting."""

import gc
import importlib.metadata

import pytest

from stacks.startup import end_logs, loading, read_packages_once


def test_the_collector_rests_while_modules_load_and_works_again_after() -> None:
    try:
        with loading():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_the_collector_works_again_after_an_import_that_failed() -> None:
    try:
        with pytest.raises(ImportError), loading():
            raise ImportError("no such module")
        assert gc.isenabled()
    finally:
        gc.unfreeze()


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
