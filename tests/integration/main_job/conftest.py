"""The story that the main job's tests tell: a fixture a chapter, each stands on the one before."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.inspection import process
from tests.integration.traffic import Traffic, body_of
from tests.integration.tumours import BUSH, LINEAR, NETWORK, STUMP, write_config
from tests.workplace import Finished, Workplace


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run configs lie."""
    return tmp_path_factory.mktemp("configs")


@pytest.fixture(scope="module")
def weak(folder: Path) -> str:
    """A config of models that see next to nothing."""
    return write_config(folder, "weak", STUMP, BUSH, report={"enabled": True})


@pytest.fixture(scope="module")
def strong(folder: Path) -> str:
    """A config with a model that sees well."""
    return write_config(folder, "strong", LINEAR, NETWORK)


@pytest.fixture(scope="module")
def first(shared_workplace: Workplace, weak: str) -> Finished:
    """A fresh machine's first run."""
    return shared_workplace.run("--stack", "local", "--config", weak, "--json")


@pytest.fixture(scope="module")
def started(shared_workplace: Workplace, first: Finished) -> tuple[str, int]:
    """Where the first run's server answers, and its process."""
    assert first.status == 0
    return process(shared_workplace)


@pytest.fixture(scope="module")
def second(shared_workplace: Workplace, started: object, weak: str) -> Any:
    """The same command again, after a command that only looks."""
    assert started
    return shared_workplace.run("--stack", "local", "--config", weak, "--json").document


@pytest.fixture(scope="module")
def forced(shared_workplace: Workplace, second: Any, weak: str) -> Any:
    """The same command again, told to run all the same."""
    assert second
    words = ["--stack", "local", "--config", weak, "--json", "--force"]
    return shared_workplace.run(*words).document


@pytest.fixture(scope="module")
def other_gate(shared_workplace: Workplace, forced: Any, weak: str) -> Any:
    """The same training with another gate."""
    assert forced
    words = ["--stack", "local", "--config", weak, "--json", "--set", "gate.confidence=0.9"]
    return shared_workplace.run(*words).document


@pytest.fixture(scope="module")
def promoted(
    shared_workplace: Workplace, other_gate: Any, first: Finished, strong: str
) -> tuple[Finished, Traffic]:
    """A better model, rolled out under traffic; told as a table."""
    assert other_gate
    traffic = Traffic(first.document["endpoint"]["predict_url"], body_of(first.document))
    traffic.start()
    done = shared_workplace.run("--stack", "local", "--config", strong)
    traffic.ended.set()
    traffic.join()
    return done, traffic


@pytest.fixture(scope="module")
def refused(shared_workplace: Workplace, promoted: object, folder: Path) -> Any:
    """A worse model."""
    assert promoted
    worse = write_config(folder, "worse", STUMP)
    return shared_workplace.run("--stack", "local", "--config", worse, "--json").document


@pytest.fixture(scope="module")
def returned(shared_workplace: Workplace, refused: Any) -> Any:
    """The way back to the first version."""
    assert refused
    return shared_workplace.run("rollback", "--reason", "late labels show a drop", "--json")
