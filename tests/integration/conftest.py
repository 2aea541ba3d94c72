"""A place of its own for every test that runs the program."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
