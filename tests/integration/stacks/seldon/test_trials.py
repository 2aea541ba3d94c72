"""A version is tried beside the one that serves, judged by its pods' counts, kept or dropped."""

import httpx
import pytest

from serving.errors import ConfigError, DeployError
from serving.openapi import v2_body
from serving.spec import Deployer, Endpoint, Traffic, Trials
from stacks.flavors.seldon import counts
from stacks.flavors.seldon.deployer import SeldonModels
from tests.integration.stacks.seldon.conftest import MakeModels, MakeSpec, version_at
from tests.kubernetes.standin import StandIn
from tests.unit.serving.tiny import ROW, schema

REQUESTS = 40


def ask(endpoint: Endpoint, times: int = REQUESTS) -> dict[str, int]:
    """Ask so often, in the v2 protocol; how often each version answered."""
    body = v2_body(schema(), [ROW])
    answers: dict[str, int] = {}
    with httpx.Client(trust_env=False) as client:
        for _ in range(times):
            version = client.post(endpoint.predict_url, json=body).json()["model_version"]
            answers[version] = answers.get(version, 0) + 1
    return answers


def name_of(endpoint: Endpoint) -> str:
    return endpoint.url.rsplit("/", 1)[1]


def test_a_canary_answers_its_share_and_is_finished(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    deployer, wanted = models(), spec()
    assert isinstance(deployer, Deployer)
    assert isinstance(deployer, Trials)
    first = deployer.serve(wanted)
    ask(first, 7)
    assert deployer.observe(wanted.name) is None
    assert deployer.try_out(spec("2"), Traffic("canary", 0.25, tolerance=0.5)) == first
    answers = ask(first)
    assert answers == {"1": 30, "2": 10}
    seen = deployer.observe(wanted.name)
    assert seen is not None
    # What was answered before the trial began is no part of it.
    assert (seen.stable.version, seen.stable.requests, seen.stable.errors) == ("1", 30, 0)
    assert (seen.trial.version, seen.trial.requests, seen.trial.errors) == ("2", 10, 0)
    assert seen.traffic == Traffic("canary", 0.25, tolerance=0.5)
    assert 0 < seen.trial.p50_ms <= seen.trial.p99_ms
    while seen.compared < 10:  # What is scored beside comes a moment later.
        seen = deployer.observe(wanted.name)
        assert seen is not None
    assert (seen.compared, seen.skipped) == (10, 0)
    assert seen.largest > 0
    # Refused requests are not the server's fault.
    assert httpx.post(first.predict_url, json={}, trust_env=False).status_code == 400
    seen = deployer.observe(wanted.name)
    assert seen is not None
    assert (seen.stable.requests + seen.trial.requests, seen.stable.errors) == (41, 0)
    finished = deployer.finish(wanted.name)
    assert (finished.url, finished.version) == (first.url, "2")
    assert ask(finished, 9) == {"2": 9}
    assert deployer.observe(wanted.name) is None
    assert len(cluster.operator.deployments[name_of(first)]) == 1
    with pytest.raises(DeployError, match=r"No version of .* is on trial"):
        deployer.finish(wanted.name)


def test_a_shadow_sees_its_share_and_never_answers(models: MakeModels, spec: MakeSpec) -> None:
    deployer, wanted = models(), spec()
    first = deployer.serve(wanted)
    deployer.try_out(spec("2"), Traffic("shadow", 0.5))
    assert ask(first) == {"1": REQUESTS}
    seen = deployer.observe(wanted.name)
    assert seen is not None
    assert seen.stable.requests == REQUESTS
    while seen.trial.requests < REQUESTS / 2:  # A copy is sent on its own way.
        seen = deployer.observe(wanted.name)
        assert seen is not None
    assert seen.trial.requests == REQUESTS / 2
    while seen.compared < REQUESTS / 2:
        seen = deployer.observe(wanted.name)
        assert seen is not None
    assert seen.agreed in (0, seen.compared)  # It is one row that was asked for, again and again.
    assert deployer.withdraw(wanted.name).version == "1"
    assert ask(first, 5) == {"1": 5}
    with pytest.raises(DeployError, match=r"No version of .* is on trial"):
        deployer.withdraw(wanted.name)


def test_a_broken_canary_is_dropped_and_the_one_that_serves_goes_on_alone(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    deployer, wanted = models(), spec()
    with pytest.raises(DeployError, match="Nothing is served under the name"):
        deployer.try_out(wanted, Traffic("canary", 0.5))
    first = deployer.serve(wanted)
    (pod,) = cluster.operator.pods_of(name_of(first))
    with pytest.raises(DeployError, match=r"pulling image .*Version '1' still answers"):
        models(image="registry.example/absent:1").try_out(spec("2"), Traffic("canary", 0.5))
    assert deployer.observe(wanted.name) is None
    assert ask(first, 6) == {"1": 6}
    left = cluster.operator.pods_of(name_of(first))
    assert pod["metadata"]["name"] in [each["metadata"]["name"] for each in left]


def test_a_trial_gives_way_to_another_one_and_to_a_deployment(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    deployer, wanted = models(), spec()
    first = deployer.serve(wanted)
    deployer.try_out(spec("2"), Traffic("canary", 0.5))
    deployer.try_out(spec("3"), Traffic("canary", 0.1))
    seen = deployer.observe(wanted.name)
    assert seen is not None
    assert (seen.trial.version, seen.traffic.share, seen.trial.requests) == ("3", 0.1, 0)
    again = deployer.serve(spec("1"))
    assert (again, version_at(again)) == (first, "1")
    assert len(cluster.operator.deployments[name_of(first)]) == 1


def test_a_trial_that_nobody_could_judge_is_not_begun(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    deployer, wanted = models(), spec()
    first = deployer.serve(wanted)
    cluster.faults["proxy"] = 403
    try:
        with pytest.raises(DeployError, match="a role must allow it: proxy is forbidden"):
            deployer.try_out(spec("2"), Traffic("canary", 0.5))
        # In the cluster a pod is asked by its address, for which no role is needed.
        (pod,) = cluster.operator.pods_of(name_of(first))
        port = cluster.operator.pod(pod["metadata"]["name"]).port
        assert counts.read(deployer.cluster, [pod], port, inside=True)
    finally:
        cluster.faults.clear()
    assert deployer.observe(wanted.name) is None
    alone: SeldonModels = models(ingress_url=None)
    with pytest.raises(ConfigError, match="ingress_url"):
        alone.try_out(spec("2"), Traffic("canary", 0.5))
