"""Every SeldonDeployment that settings lead to is one that the cluster takes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.errors import ConfigError
from serving.spec import ServiceSpec, Traffic
from stacks.flavors.seldon.manifest import (
    STABLE,
    manifest,
    predictor,
    spec_of,
    traffic_of,
    variables,
)
from stacks.flavors.seldon.names import resource_name
from stacks.flavors.seldon.rules import check, check_predictors
from stacks.flavors.seldon.settings import Autoscale, Disruption, Resources, SeldonSettings
from stacks.values import is_credential
from tests.kubernetes.crd import problems, refused

IMAGE = "registry.example:5000/switchyard@sha256:0123"
SPEC = ServiceSpec("Iris_Model", "3", "s3://bucket/3", "sha256:ab")
NEXT = ServiceSpec("Iris_Model", "4", "s3://bucket/4", "sha256:cd")

names = st.from_regex(r"[a-z][a-z0-9]{0,9}", fullmatch=True)
some_settings = st.builds(
    SeldonSettings,
    image=st.just(IMAGE),
    namespace=names,
    port=st.integers(7000, 9000),
    replicas=st.integers(1, 20),
    autoscale=st.none()
    | st.builds(
        Autoscale,
        min_replicas=st.integers(1, 3),
        max_replicas=st.integers(3, 9),
        cpu=st.integers(1, 100),
        memory=st.none() | st.integers(1, 100),
    ),
    disruption=st.none()
    | st.builds(Disruption, min_available=st.integers(0, 3) | st.just("50%"))
    | st.builds(Disruption, max_unavailable=st.integers(0, 3) | st.just("50%")),
    resources=st.builds(
        Resources,
        requests=st.just({"cpu": "250m", "memory": "256Mi"}),
        limits=st.just({}) | st.just({"cpu": "1", "memory": "1Gi"}),
    ),
    secret_name=st.none() | names,
    api_key_from=st.none() | st.just("door/word"),
    grpc_port=st.none() | st.integers(9001, 9400),
    log_uri=st.none() | st.just("s3://bucket/predictions"),
    environment=st.dictionaries(st.from_regex(r"[A-Z]{1,8}", fullmatch=True), st.text(max_size=9)),
    service_account=st.none() | names,
    image_pull_secrets=st.lists(names, max_size=2),
    node_selector=st.dictionaries(names, names, max_size=2),
    tolerations=st.just([]) | st.just([{"key": "gpu", "operator": "Exists"}]),
    progress_deadline=st.none() | st.integers(1, 900),
    annotations=st.dictionaries(names, st.text(max_size=9), max_size=2),
)
specs = st.builds(
    ServiceSpec,
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}", fullmatch=True),
    version=st.text(min_size=1, max_size=80),
    model_uri=st.text(min_size=1, max_size=80),
    digest=st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True),
)
traffics = st.builds(
    Traffic,
    mode=st.sampled_from(["canary", "shadow"]),
    share=st.integers(1, 100).map(lambda percent: percent / 100),
)


@settings(max_examples=30, deadline=None)
@given(some_settings, specs, st.none() | st.tuples(specs, traffics))
def test_a_manifest_keeps_every_rule_of_the_cluster(
    given_settings: SeldonSettings, spec: ServiceSpec, trial: tuple[ServiceSpec, Traffic] | None
) -> None:
    check(given_settings)
    made = manifest(spec, given_settings, trial)
    assert problems(made) == []
    assert refused(made) == []
    check_predictors(made["spec"]["predictors"])


@settings(max_examples=30, deadline=None)
@given(some_settings, specs, specs, traffics)
def test_what_a_predictor_serves_can_be_read_back(
    given_settings: SeldonSettings, spec: ServiceSpec, other: ServiceSpec, traffic: Traffic
) -> None:
    stable, tried = manifest(spec, given_settings, (other, traffic))["spec"]["predictors"]
    assert (spec_of(stable), spec_of(tried)) == (spec, other)
    assert traffic_of(tried) == traffic


def container(**settings: Any) -> dict[str, Any]:
    """The container of a predictor."""
    made = predictor(STABLE, SPEC, SeldonSettings(image=IMAGE, **settings))
    found: dict[str, Any] = made["componentSpecs"][0]["spec"]["containers"][0]
    return found


def test_the_rules_refuse_what_they_are_there_for() -> None:
    made = manifest(SPEC, SeldonSettings(image=IMAGE))
    pod = made["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    pod["containers"][0] |= {"imagePullpolicy": "Always", "env": [{"value": "1"}], "ports": 80}
    pod["terminationGracePeriodSeconds"] = "30"
    told = "\n".join(problems(made))
    for part in ("imagePullpolicy is unknown", "name", "ports is no list", "Seconds is no int"):
        assert part in told
    made["spec"]["predictors"][0]["trafic"] = 100
    assert "trafic" in problems(made)[0]


def test_the_container_may_write_nowhere_but_its_two_volumes() -> None:
    made = container()
    locked = made["securityContext"]
    assert locked["readOnlyRootFilesystem"] is locked["runAsNonRoot"] is True
    assert locked["capabilities"] == {"drop": ["ALL"]}
    assert [each["mountPath"] for each in made["volumeMounts"]] == ["/srv/switchyard", "/tmp"]


def test_credentials_come_from_a_secret_and_never_from_the_manifest() -> None:
    assert container(secret_name="store")["envFrom"] == [{"secretRef": {"name": "store"}}]
    assert "envFrom" not in container()


def test_the_api_key_is_a_reference_to_a_secret() -> None:
    asked = container(api_key_from="door/word", grpc_port=9001)
    source = {"secretKeyRef": {"name": "door", "key": "word"}}
    assert {"name": "SWITCHYARD_API_KEY", "valueFrom": source} in asked["env"]
    assert [each["name"] for each in asked["ports"]] == ["http", "grpc"]


def test_a_canary_and_a_shadow_share_the_traffic_as_the_operator_counts_it() -> None:
    settings = SeldonSettings(image=IMAGE)

    def shares(traffic: Traffic) -> list[tuple[int, bool]]:
        made = manifest(SPEC, settings, (NEXT, traffic))["spec"]["predictors"]
        return [(each["traffic"], each.get("shadow", False)) for each in made]

    assert shares(Traffic("canary", 0.1)) == [(90, False), (10, False)]
    assert shares(Traffic("shadow", 0.5)) == [(100, False), (50, True)]


def test_autoscaling_and_disruption_are_of_the_version_that_serves_alone() -> None:
    settings = SeldonSettings(
        image=IMAGE,
        autoscale=Autoscale(max_replicas=4, cpu=70),
        disruption=Disruption(min_available=1),
        trial_replicas=2,
    )
    made = manifest(SPEC, settings, (NEXT, Traffic("canary", 0.1)))["spec"]["predictors"]
    stable, tried = made
    assert stable["componentSpecs"][0]["hpaSpec"]["metricsv2"][0]["resource"]["name"] == "cpu"
    assert stable["componentSpecs"][0]["pdbSpec"] == {"minAvailable": 1}
    assert "replicas" not in stable
    assert tried["replicas"] == 2
    assert tried["componentSpecs"][0].keys() == {"spec"}


@pytest.mark.parametrize(
    ("model", "resource"),
    [("Iris_Model", "iris-model"), ("2024 sales", "m-2024-sales"), ("a" * 63, "a" * 63)],
)
def test_a_model_gets_a_name_that_the_operator_does_not_fail_on(model: str, resource: str) -> None:
    assert resource_name(model) == resource == resource_name(resource)


@pytest.mark.parametrize("model", ["___", "a" * 64])
def test_a_name_that_cannot_be_used_is_told(model: str) -> None:
    with pytest.raises(ConfigError, match=model):
        resource_name(model)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image", ""),
        ("image", "Registry/Model"),
        ("namespace", "My_Models"),
        ("secret_name", "Store"),
        ("service_account", "a_b"),
        ("image_pull_secrets", ["a_b"]),
        ("node_selector", {"a b": "c"}),
        ("ingress_url", "10.0.0.1"),
        ("port", 80),
        ("port", 6000),
        ("grpc_port", 80),
        ("grpc_port", 8000),
        ("api_key_from", "key-without-a-secret"),
        ("body_limit", 0),
        ("user", 0),
        ("replicas", 0),
        ("trial_replicas", 0),
        ("start_seconds", 0),
        ("progress_deadline", 0),
        ("environment", {"A-B": "1"}),
        ("environment", {"SWITCHYARD_MODEL_URI": "s3://other"}),
        ("resources.requests", Resources(requests={"cpu": "much"})),
        ("resources.requests", Resources(requests={"cpu": "2"}, limits={"cpu": "1500m"})),
        ("resources.limits", Resources(limits={"memory": "1GB"})),
        ("autoscale", Autoscale(min_replicas=3, max_replicas=2, cpu=50)),
        ("autoscale", Autoscale(max_replicas=2)),
        ("autoscale.cpu", Autoscale(max_replicas=2, cpu=0)),
        ("autoscale.metrics", Autoscale(max_replicas=2, metrics=[{}])),
        ("disruption", Disruption()),
        ("disruption", Disruption(min_available=1, max_unavailable=1)),
        ("disruption", Disruption(min_available="half")),
        ("annotations", {"a b": "c"}),
        ("annotations", {"seldon.io/no-engine": "false"}),
    ],
)
def test_a_setting_that_no_pod_would_come_up_with_is_named(key: str, value: Any) -> None:
    wrong: dict[str, Any] = {"image": IMAGE, key.split(".")[0]: value}
    settings = SeldonSettings(**wrong)
    with pytest.raises(ConfigError, match=rf" {key}: "):
        check(settings)


def test_a_share_of_nothing_requested_cannot_be_scaled_by() -> None:
    settings = SeldonSettings(
        image=IMAGE,
        resources=Resources(requests={"memory": "1Gi"}),
        autoscale=Autoscale(max_replicas=2, cpu=50),
    )
    with pytest.raises(ConfigError, match=r"autoscale\.cpu: .*resources\.requests"):
        check(settings)


def test_no_setting_is_taken_for_a_credential() -> None:
    literals = [key for key in SeldonSettings.model_fields if is_credential(key)]
    assert literals == []


def test_the_pods_on_trial_know_the_version_that_they_are_compared_with() -> None:
    settings = SeldonSettings(image=IMAGE, log_uri="s3://bucket/predictions")

    def told(mode: Any) -> dict[str, str]:
        traffic = Traffic(mode, 0.5, tolerance=0.25)
        made = manifest(SPEC, settings, (NEXT, traffic))["spec"]["predictors"][1]
        return variables(made["componentSpecs"][0]["spec"])

    canary = told("canary")
    names = ("VERSION", "URI", "DIGEST")
    assert [canary[f"SWITCHYARD_BESIDE_{name}"] for name in names] == [
        "3",
        "s3://bucket/3",
        "sha256:ab",
    ]
    assert canary["SWITCHYARD_TOLERANCE"] == "0.25"
    assert canary["SWITCHYARD_LOG_URI"] == "s3://bucket/predictions"
    assert told("shadow")["SWITCHYARD_LOG_URI"] == ""  # What it says is no answer.
