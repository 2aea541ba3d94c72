"""A place of its own for every test that runs the program, and a team's servers."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.team.servers import Team, team_in
from tests.workplace import Workplace


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
