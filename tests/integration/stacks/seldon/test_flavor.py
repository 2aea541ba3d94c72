"""The ZenML flavor on the stand-in, recorded in a real ZenML store."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from serving.errors import ConfigError
from serving.model import Model
from serving.spec import Deployer, Guarded, Traffic, Trials
from stacks.apply import apply
from steps.deployment.smoke import ask
from tests.integration.stacks.conftest import MakeFile
from tests.integration.stacks.seldon.conftest import MakeModels, MakeSpec, version_at
from tests.integration.stacks.test_resident import deployer_of
from tests.kubernetes.standin import IMAGE, StandIn

if TYPE_CHECKING:
    from stacks.flavors.seldon.flavor import SeldonDeployer

pytestmark = pytest.mark.usefixtures("zenml")


@pytest.fixture
def deployer(
    make_file: MakeFile, cluster: StandIn, monkeypatch: pytest.MonkeyPatch
) -> "SeldonDeployer":
    """A deployer of a registered stack."""
    monkeypatch.setenv("KUBECONFIG", cluster.environ["KUBECONFIG"])
    settings = {"image": IMAGE, "namespace": "models", "ingress_url": cluster.ingress_url}
    apply(make_file("seldon", model_deployer=("seldon", "seldon_core", settings)))
    return cast("SeldonDeployer", deployer_of("seldon"))


def test_zenml_knows_what_is_served(
    deployer: "SeldonDeployer", models: MakeModels, spec: MakeSpec
) -> None:
    for contract in (Deployer, Guarded, Trials):
        assert isinstance(deployer, contract)
    first = spec()
    endpoint = deployer.serve(first)
    bundle = Model.load(Path(first.model_uri), digest=first.digest)
    # What the deployment pipeline asks, in both protocols and bit for bit.
    ask(endpoint.predict_url, endpoint.seldon_url, bundle, deployer.access(endpoint.name))
    (service,) = deployer.find_model_server(model_name=endpoint.name)
    assert service.is_running
    assert service.prediction_url == endpoint.predict_url
    deployer.try_out(spec("2"), Traffic("canary", 0.5))
    finished = deployer.finish(endpoint.name)
    assert version_at(finished) == "2"
    (service,) = deployer.find_model_server(model_name=endpoint.name)
    assert deployer.get_model_server_info(service) == {
        "MODEL_NAME": endpoint.name,
        "MODEL_VERSION": "2",
        "MODEL_DIGEST": spec("2").digest,
        "PREDICTION_URL": endpoint.predict_url,
        "SELDON_URL": endpoint.seldon_url,
    }
    assert deployer.stop(endpoint.name) is True
    (service,) = deployer.find_model_server(model_name=endpoint.name)
    assert not service.is_running
    # `zenml model-deployer models start`
    deployer.start_model_server(service.uuid)
    assert [each.version for each in models().endpoints()] == ["2"]
    deployer.delete_model_server(service.uuid)
    assert models().endpoints() == []
    assert deployer.find_model_server(model_name=endpoint.name) == []


def test_what_no_cluster_takes_is_refused_when_it_is_applied(make_file: MakeFile) -> None:
    wrong = make_file("wrong", model_deployer=("wrong", "seldon_core", {"image": "A B"}))
    with pytest.raises(ConfigError, match=r"image: 'A B' names no image"):
        apply(wrong)
