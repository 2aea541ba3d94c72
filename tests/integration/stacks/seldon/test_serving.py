"""A version on Seldon Core comes up, gives way in place, outlives a broken one, and ends."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from serving.errors import ConfigError, DeployError, ModelError, SwitchyardError
from serving.model import Model
from serving.openapi import v2_body
from serving.spec import ServiceSpec
from stacks.flavors.seldon.cluster import connect, is_inside
from stacks.flavors.seldon.deployer import SeldonModels
from stacks.flavors.seldon.urls import Place
from steps.deployment.smoke import ask
from tests.integration.stacks.seldon.conftest import MakeModels, MakeSpec, living, version_at
from tests.kubernetes.standin import StandIn
from tests.unit.serving.tiny import ROW, schema


def test_a_version_gives_way_in_place_without_a_failed_request(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    deployer, first = models(), spec()
    endpoint = deployer.serve(first)
    name = "a-version-gives-way-in-place-without-a-fa"[:40]
    assert endpoint.url == f"{cluster.ingress_url}/seldon/models/{name}"
    assert (endpoint.status, endpoint.version, version_at(endpoint)) == ("ready", "1", "1")
    uid = cluster.store.read(name)["metadata"]["uid"]
    statuses, over = [], threading.Event()

    def ask() -> None:
        with httpx.Client(trust_env=False) as client:
            while not over.is_set():
                body = v2_body(schema(), [ROW])
                statuses.append(client.post(endpoint.predict_url, json=body).status_code)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        second = deployer.serve(spec("2"))
        now = len(living(cluster, endpoint))
        over.set()
        asking.result()
    assert set(statuses) == {200}
    assert second == replace(endpoint, version="2")
    assert cluster.store.read(name)["metadata"]["uid"] == uid
    assert version_at(second) == "2"
    # Not before, although the operator calls the old pods Available until it has seen the change.
    assert now == 1
    assert deployer.endpoints() == [second]
    assert deployer.serve(spec("1")).version == "1"


def test_stopping_leaves_nothing_behind(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    deployer, wanted = models(), spec()
    assert deployer.stop(wanted.name) is False
    endpoint = deployer.serve(wanted)
    name = endpoint.url.rsplit("/", 1)[1]
    processes = [pod.process for pod in cluster.operator.all_pods() if pod.name.startswith(name)]
    assert deployer.stop(wanted.name) is True
    assert cluster.operator.pods_of(name) == []
    assert [each.poll() for each in processes if each] == [0]
    assert deployer.endpoints() == []
    assert httpx.get(f"{endpoint.url}/readyz", trust_env=False).status_code == 404
    assert deployer.stop(wanted.name) is False


BROKEN: list[tuple[dict[str, object], dict[str, str], type[SwitchyardError], str]] = [
    (
        {"node_selector": {"disk": "fast"}, "start_seconds": 1},
        {},
        DeployError,
        "in time: .*on no node: 0/1 nodes",
    ),
    (
        {"environment": {"PYTHONHOME": "/nowhere"}},
        {},
        DeployError,
        r"It ends with status 1 \(Error\): ",
    ),
    ({"image": "registry.example/absent:1"}, {}, DeployError, "pulling image .*absent:1"),
    ({"secret_name": "absent"}, {}, DeployError, 'secret "absent" not found'),
    ({}, {"digest": "sha256:0"}, ModelError, "changed or is another model"),
]


def test_a_broken_version_tells_why_and_the_one_before_it_goes_on(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    endpoint = models().serve(spec())
    before = living(cluster, endpoint)
    for settings, changes, error, told in BROKEN:
        with pytest.raises(error, match=told) as failure:
            models(**settings).serve(spec("2", **changes), timeout=1)
        assert str(failure.value).startswith("Version '2' did not come up.")
        assert str(failure.value).endswith("Version '1' still answers.")
        assert version_at(endpoint) == "1"
        assert models().endpoints() == [endpoint]
        assert living(cluster, endpoint) == before


def test_a_first_version_that_is_broken_leaves_nothing(models: MakeModels, spec: MakeSpec) -> None:
    with pytest.raises(DeployError, match="There was none before it, so nothing is served"):
        models(image="registry.example/absent:1").serve(spec())
    assert models().endpoints() == []


def test_two_deploys_at_once_leave_one_winner(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    specs = [spec(version) for version in ("1", "2")]

    def deploy(wanted: ServiceSpec) -> str:
        try:
            return models().serve(wanted).version
        except DeployError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(deploy, specs))
    (endpoint,) = models().endpoints()
    assert endpoint.version in results
    assert version_at(endpoint) == endpoint.version
    for wanted, result in zip(specs, results, strict=True):
        if wanted.version != endpoint.version:
            superseded = f"Another deployment put version '{endpoint.version}' there."
            assert result == wanted.version or superseded in result
    assert len(living(cluster, endpoint)) == 1


def test_names_that_come_to_the_same_are_kept_apart(models: MakeModels, spec: MakeSpec) -> None:
    wanted = spec()
    models().serve(wanted)
    other = ServiceSpec(wanted.name.replace("_", "-"), "1", wanted.model_uri, wanted.digest)
    with pytest.raises(ConfigError, match=f"of the model '{wanted.name}' under that name"):
        models().serve(other)
    assert models().stop(other.name) is False
    assert [each.name for each in models().endpoints()] == [wanted.name]


def test_without_an_ingress_the_service_answers_here_through_the_api_server(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    deployer, wanted = models(ingress_url=None), spec()
    endpoint = deployer.serve(wanted)
    name = cluster.store.all()[0]["metadata"]["name"]
    way = f"api/v1/namespaces/models/services/http:{name}-default:8000/proxy"
    assert endpoint.url == f"https://127.0.0.1:{cluster.api_port}/{way}"
    access = deployer.access(endpoint.name)
    assert version_at(endpoint, access) == "1"
    loaded = Model.load(Path(wanted.model_uri))
    assert (
        ask(endpoint.predict_url, endpoint.seldon_url, loaded, access).url == endpoint.predict_url
    )
    assert httpx.get(endpoint.url, verify=False, trust_env=False).status_code == 401


def test_a_process_in_a_pod_asks_the_cluster_that_it_runs_in(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    account = cluster.home / "account"
    assert is_inside(account, cluster.inside)
    # The kubeconfig and the context of a laptop are no matter there.
    environ = {**cluster.inside, "KUBECONFIG": "/nowhere"}
    inside = connect("models", "nowhere", account=account, environ=environ)
    settings = models(ingress_url=None).settings
    models().serve(spec())
    (endpoint,) = SeldonModels(Place(inside, settings, inside=True)).endpoints()
    name = cluster.store.all()[0]["metadata"]["name"]
    assert endpoint.url == f"http://{name}-default.models.svc:8000"
    assert (endpoint.version, endpoint.status) == ("1", "ready")


def test_what_stands_in_the_way_is_told(
    cluster: StandIn, models: MakeModels, spec: MakeSpec, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="kubernetes_context 'other'"):
        connect("models", "other", environ=cluster.environ)
    with pytest.raises(ConfigError, match="kubernetes_context 'nowhere'"):
        connect("models", "nowhere", environ=cluster.environ)
    with pytest.raises(ConfigError, match="the current context"):
        connect("models", environ={"KUBECONFIG": str(tmp_path / "absent")})
    with pytest.raises(ConfigError, match="Is a directory"):
        connect("models", environ={"KUBECONFIG": str(tmp_path)})
    try:
        cluster.faults["seldondeployments"] = 404
        with pytest.raises(DeployError, match="has no SeldonDeployments: install Seldon Core"):
            models().serve(spec())
        cluster.faults["seldondeployments"] = 403
        with pytest.raises(DeployError, match="a role must allow it: seldondeployments is forb"):
            models().endpoints()
    finally:
        cluster.faults.clear()
    with pytest.raises(ConfigError, match="port: "):
        models(port=80).serve(spec())
