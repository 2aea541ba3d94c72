"""A place of its own for every test that runs the program, and a team's servers."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.team.servers import Team, team_in
from tests.workplace import Workplace


@pytest.fixture(autouse=True, scope="module")
def mlflow_forgets() -> Iterator[None]:
    """MLflow keeps one address for a process: a module's tests do not leave theirs to the next."""
    before = os.environ.get("MLFLOW_TRACKING_URI")
    yield
    if "mlflow" in sys.modules:
        import mlflow

        forget: Any = mlflow.set_tracking_uri
        forget(None)
    if before is None:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    else:
        os.environ["MLFLOW_TRACKING_URI"] = before


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    """A place for one test."""
    place = Workplace(tmp_path)
    yield place
    place.stop_servers()


@pytest.fixture(scope="module")
def shared_workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """A place for the tests of one module, which tell one story in their order."""
    place = Workplace(tmp_path_factory.mktemp("place"))
    yield place
    place.stop_servers()


@pytest.fixture(scope="session")
def team() -> Iterator[Team]:
    """The servers, for all tests of the session."""
    # The databases' own users cannot enter the folders that pytest makes.
    folder = Path(tempfile.mkdtemp(prefix="team-"))
    folder.chmod(0o711)
    try:
        with team_in(folder) as found:
            yield found
    finally:
        shutil.rmtree(folder)
