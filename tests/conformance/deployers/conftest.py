"""Deployers with servers of their own, and the environment that one of them needs."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from serving.spec import ServiceSpec
from tests.conformance.deployers import bodies
from tests.conformance.deployers.machine import KINDS, Machine
from tests.conformance.deployers.pods import NAME, Standing, pods_in

Make = Callable[..., ServiceSpec]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes the bundle of a version and returns its spec."""
    return lambda version="1", name="shop": bodies.spec(tmp_path, name, version)


@pytest.fixture(params=KINDS)
def deployer(
    request: pytest.FixtureRequest, tmp_path: Path, seldon_cache: Path
) -> Iterator[Machine]:
    """A deployer of one test; its servers end with it."""
    assert seldon_cache
    if request.param == "resident_docker":
        request.getfixturevalue("base_image")
    made = Machine(KINDS[request.param], tmp_path / "homes")
    yield made
    made.close()


@pytest.fixture(scope="session")
def standing(
    tmp_path_factory: pytest.TempPathFactory, seldon_cache: Path, base_image: str
) -> Iterator[dict[str, Standing]]:
    """Every deployer with every model, for tests that only ask."""
    assert seldon_cache
    assert base_image
    folder = tmp_path_factory.mktemp("standing")
    made: dict[str, Standing] = {name: Machine(kind, folder / name) for name, kind in KINDS.items()}
    stack = ExitStack()
    try:
        made[NAME] = stack.enter_context(pods_in(folder / "cluster"))
        bundles = [bodies.spec(folder / "bundles", name) for name in bodies.SCHEMAS]
        with ThreadPoolExecutor() as pool:
            for machine in made.values():
                # The first alone: it may have an image or an environment to build.
                machine.serve(bundles[0])
                list(pool.map(machine.serve, bundles[1:]))
        yield made
    finally:
        for machine in made.values():
            machine.close()
        stack.close()
