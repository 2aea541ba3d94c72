"""What pods answered, read back from a real S3-compatible store that a secret leads them to."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from serving.openapi import v2_body
from serving.spec import Endpoint, Logged, Traffic
from stacks.apply import apply
from steps.monitoring.log import logged_labels, read_log
from tests.integration.stacks.conftest import MakeFile
from tests.integration.stacks.seldon.conftest import MakeSpec
from tests.integration.stacks.store import KEY, SECRET, Store, store_in
from tests.integration.stacks.test_resident import deployer_of
from tests.kubernetes.standin import IMAGE, StandIn
from tests.unit.serving.tiny import ROW, schema

pytestmark = pytest.mark.usefixtures("zenml")
KEYS = {"key": "{{pods-s3.key}}", "secret": "{{pods-s3.secret}}"}
QUIRKS = {"response_checksum_validation": "when_required"}


@pytest.fixture
def store(tmp_path: Path, cluster: StandIn) -> Iterator[Store]:
    """The store, and the Kubernetes secret that pods find it by."""
    with store_in(tmp_path / "rclone") as found:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")
        cluster.secrets["pods-store"] = {name: found.environment[name] for name in names}
        yield found
        del cluster.secrets["pods-store"]


def ask(endpoint: Endpoint, *ids: str) -> None:
    """Ask once for each id, at the ingress."""
    with httpx.Client(trust_env=False) as client:
        for name in ids:
            body = {**v2_body(schema(), [ROW]), "id": name}
            assert client.post(endpoint.predict_url, json=body).status_code == 200


def test_what_every_pod_answered_is_in_the_store_and_nothing_that_a_shadow_said(
    make_file: MakeFile,
    cluster: StandIn,
    store: Store,
    spec: MakeSpec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also what was answered last: a pod that is told to end ships before it does."""
    from zenml.client import Client

    monkeypatch.setenv("KUBECONFIG", cluster.environ["KUBECONFIG"])
    Client().create_secret("pods-s3", {"key": KEY, "secret": SECRET})
    where = {"endpoint_url": store.endpoint, "region_name": "us-east-1"}
    bucket = {"path": "s3://bucket", "client_kwargs": where, "config_kwargs": QUIRKS, **KEYS}
    settings: dict[str, object] = {"image": IMAGE, "namespace": "models"}
    settings |= {"ingress_url": cluster.ingress_url}
    settings |= {"secret_name": "pods-store", "replicas": 2}
    deployer = ("logged", "seldon_core", settings)
    file = make_file("logged", artifact_store=("logged", "s3", bucket), model_deployer=deployer)
    apply(file, active=True)
    served, began = deployer_of("logged"), datetime.now(UTC) - timedelta(seconds=1)
    assert isinstance(served, Logged)
    endpoint = served.serve(spec())
    ask(endpoint, "one", "two", "three")
    served.try_out(spec("2"), Traffic("shadow", 1.0))
    ask(endpoint, "four")
    label = {"id": "two", "row": 0, "label": "yes"}
    said = httpx.post(f"{endpoint.url}/v2/models/{endpoint.name}/feedback", json=label)
    assert said.json() == {"model_name": endpoint.name, "labels": 1}
    served.withdraw(endpoint.name)
    served.stop(endpoint.name)

    uri, options = served.log_store()
    assert uri == "s3://bucket/predictions"
    rows = read_log(uri, endpoint.name, began, datetime.now(UTC), options)
    assert list(rows.answers["id"]) == ["one", "two", "three", "four"]
    assert set(rows.answers["version"]) == {"1"}
    assert rows.features.iloc[0].to_dict() == ROW
    assert logged_labels(uri, endpoint.name, began, options) == {("two", 0): "yes"}
    kept = [key for key in store.objects() if key.startswith(f"predictions/{endpoint.name}/date=")]
    assert len(kept) == 2  # One of each pod.
