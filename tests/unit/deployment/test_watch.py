"""A trial is watched to the end of its window, and never left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from serving.errors import ConfigError, DeployError
from serving.spec import Deployer, Endpoint, Observation, Sample, ServiceSpec, Traffic, Trials
from steps.deployment import canary
from steps.deployment.deployer import require_trials
from steps.deployment.settings import RolloutSettings
from steps.registry.version import Version

VERSION = Version(
    model="shop",
    version="2",
    digest="sha256:2",
    run_id="",
    created=datetime(2026, 1, 1, tzinfo=UTC),
    bundle_uri="",
)


class Simple:
    """A deployer that can only serve."""

    def serve(self, spec: ServiceSpec, *, timeout: float = 60.0) -> Endpoint:
        raise NotImplementedError

    def endpoints(self) -> list[Endpoint]:
        return []

    def stop(self, name: str) -> bool:
        raise NotImplementedError


class Scripted(Simple):
    """A deployer whose trial comes as far as it was written down."""

    def __init__(self, *script: Observation | BaseException | None) -> None:
        self.script: Iterator[Observation | BaseException | None] = iter(script)
        self.last: Observation | None = None
        self.withdrawn = 0

    def try_out(self, spec: ServiceSpec, traffic: Traffic, *, timeout: float = 60.0) -> Endpoint:
        raise NotImplementedError

    def observe(self, name: str) -> Observation | None:  # noqa: ARG002
        step = next(self.script, self.last)
        if isinstance(step, BaseException):
            raise step
        self.last = step
        return step

    def finish(self, name: str, *, timeout: float = 60.0) -> Endpoint:
        raise NotImplementedError

    def withdraw(self, name: str, *, timeout: float = 60.0) -> Endpoint:  # noqa: ARG002
        self.withdrawn += 1
        return Endpoint(name, "1", "", "", "", "ready")


@pytest.fixture(autouse=True)
def at_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look without a pause."""
    monkeypatch.setattr(canary, "POLL", 0.0)


def met(requests: int, errors: int = 0, version: str = "2") -> Observation:
    trial = Sample(version, requests, errors, 1.0, 2.0)
    stable = Sample("1", 9 * requests, 0, 1.0, 2.0)
    return Observation("shop", Traffic("canary", 0.1), stable, trial, requests, requests)


def settings(**window: float) -> RolloutSettings:
    return RolloutSettings.model_validate({"strategy": "canary", "window": window})


def test_it_waits_for_the_requests_of_the_window_and_says_how_far_it_is() -> None:
    trials, lines = Scripted(met(0), met(70), met(100)), list[str]()
    found = canary.watch(trials, VERSION, settings(requests=100), lines.append)
    assert (found.outcome, found.requests, trials.withdrawn) == ("finish", 100, 0)
    assert [line.split(",")[0] for line in lines] == [
        f"canary of version 2: {requests} of 100 requests" for requests in (0, 70, 100)
    ]
    assert "100.0% agreement" in lines[-1]


def test_it_waits_no_longer_than_the_seconds_of_the_window() -> None:
    found = canary.watch(Scripted(met(3)), VERSION, settings(seconds=0.05), lambda _: None)
    assert (found.outcome, found.requests) == ("roll_back", 3)
    assert "rollout.quiet" in found.reasons[0]


def test_it_does_not_wait_while_requests_fail() -> None:
    trials = Scripted(met(60, errors=6))
    assert canary.watch(trials, VERSION, settings(), lambda _: None).outcome == "roll_back"


@pytest.mark.parametrize("end", [None, met(1, version="3")])
def test_a_trial_that_something_else_ended_is_left_alone(end: Observation | None) -> None:
    trials = Scripted(met(1), end)
    with pytest.raises(DeployError, match="ended before its window did"):
        canary.watch(trials, VERSION, settings(), lambda _: None)
    assert trials.withdrawn == 0


@pytest.mark.parametrize("end", [KeyboardInterrupt(), DeployError("no answer")])
def test_whatever_ends_the_watching_ends_the_trial(end: BaseException) -> None:
    trials = Scripted(met(1), end, met(1))
    with pytest.raises(type(end)):
        canary.watch(trials, VERSION, settings(), lambda _: None)
    assert trials.withdrawn == 1


def test_a_deployer_that_cannot_try_is_told_before_anything_is_deployed() -> None:
    simple: Deployer = Simple()
    assert isinstance(simple, Deployer)
    assert not isinstance(simple, Trials)
    require_trials(simple, RolloutSettings())
    with pytest.raises(ConfigError, match=r"Set rollout\.strategy to 'immediate'"):
        require_trials(simple, settings())
    require_trials(Scripted(), settings())


def test_the_lease_of_a_trial_outlasts_its_window() -> None:
    traffic = settings(seconds=30).traffic
    assert traffic is not None
    assert traffic.lease > 30
    assert replace(traffic, lease=0.0) == Traffic("canary", 0.1, lease=0.0)
    assert RolloutSettings().traffic is None
