"""A stand-in for a cluster, asked through the official client: see tests/kubernetes."""

from collections.abc import Iterator

import pytest

from stacks.doctor.api import Api, api
from tests.kubernetes.access import Access
from tests.kubernetes.standin import StandIn, standing_in


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One stand-in for the tests of a module."""
    with standing_in(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(autouse=True)
def access(cluster: StandIn) -> Iterator[Access]:
    """What the stand-in has and allows, put back after each test."""
    before = set(cluster.access.there)
    yield cluster.access
    cluster.access.denied.clear()
    cluster.access.secrets.clear()
    cluster.access.there = before
    cluster.faults.clear()


@pytest.fixture
def asked(cluster: StandIn, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The stand-in's API server, as a laptop's kubeconfig leads to it."""
    monkeypatch.setenv("KUBECONFIG", cluster.environ["KUBECONFIG"])
    return api("here")
