"""Models on a stand-in for a cluster with Seldon Core: real HTTP and real servers, no real cluster.

See tests/kubernetes for what it does and what it leaves out.
"""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from serving.bundle import write_bundle
from serving.openapi import seldon_body, v2_body
from serving.spec import Access, Endpoint, ServiceSpec
from stacks.flavors.seldon.cluster import connect
from stacks.flavors.seldon.deployer import SeldonModels
from stacks.flavors.seldon.settings import SeldonSettings
from stacks.flavors.seldon.urls import Place
from tests.kubernetes.standin import IMAGE, StandIn, standing_in
from tests.unit.serving.tiny import ROW, onnx, schema

MakeSpec = Callable[..., ServiceSpec]
MakeModels = Callable[..., SeldonModels]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One stand-in for all tests, which keep apart by the names of their models."""
    with standing_in(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def spec(tmp_path: Path, request: pytest.FixtureRequest) -> MakeSpec:
    """Writes the bundle of a version, each of which answers differently, and returns its spec."""
    model = str(request.node.name)[5:45].rstrip("_")

    def make(version: str = "1", **changes: str) -> ServiceSpec:
        path = tmp_path / "bundles" / version
        shift = float(version)
        made = write_bundle(path, onnx(shift=shift), schema(), name=model, version=version)
        fields = {"name": model, "model_uri": str(path), "digest": made.digest, **changes}
        return ServiceSpec(version=version, **fields)

    return make


@pytest.fixture
def models(cluster: StandIn) -> Iterator[MakeModels]:
    """Makes a deployer on the stand-in; what this test served is stopped at its end."""
    before = {each["metadata"]["name"] for each in cluster.store.all()}
    made: list[SeldonModels] = []

    def make(**changes: object) -> SeldonModels:
        given: dict[str, object] = {
            "image": IMAGE,
            "namespace": "models",
            "ingress_url": cluster.ingress_url,
            "start_seconds": 20,
        }
        settings = SeldonSettings.model_validate({**given, **changes})
        place = Place(connect("models", "here", environ=cluster.environ), settings)
        made.append(SeldonModels(place))
        return made[-1]

    yield make
    for each in make().endpoints():
        make().stop(each.name)
    assert {each["metadata"]["name"] for each in cluster.store.all()} == before


def version_at(endpoint: Endpoint, access: Access = Access()) -> str:  # noqa: B008
    """Which version answers, asked in both protocols."""
    trust = ssl.create_default_context(cadata=access.certificate or None)
    with httpx.Client(verify=trust, headers=dict(access.headers), trust_env=False) as client:
        v2 = client.post(endpoint.predict_url, json=v2_body(schema(), [ROW]))
        assert v2.status_code == 200, v2.text
        seldon = client.post(endpoint.seldon_url, json=seldon_body(schema(), [ROW]))
    assert seldon.json()["meta"]["tags"]["model_version"] == v2.json()["model_version"]
    return str(v2.json()["model_version"])


def living(cluster: StandIn, endpoint: Endpoint) -> list[str]:
    """The pods of a model that are not about to end."""
    pods = cluster.operator.pods_of(endpoint.url.rsplit("/", 1)[1])
    names = (each["metadata"] for each in pods)
    return [each["name"] for each in names if "deletionTimestamp" not in each]
