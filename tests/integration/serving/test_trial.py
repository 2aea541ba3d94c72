"""A version is tried beside the one that serves, in a real server that may be killed."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from serving.errors import DeployError, ModelError
from serving.model import Model, write_bundle
from serving.openapi import v2_body
from serving.resident import finish, observe, serve, status, stop, try_out, withdraw
from serving.spec import Endpoint, Observation, ServiceSpec, Traffic
from serving.state import process, read_state
from steps.deployment.smoke import ask
from tests.integration.serving.conftest import MakeSpec
from tests.unit.serving.tiny import ROW, columns, schema

ALL = Traffic("canary", 1.0)


def version_at(endpoint: Endpoint) -> str:
    answer = httpx.post(endpoint.predict_url, json=v2_body(schema(), [ROW]))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["model_version"])


def kill(home: Path) -> None:
    pid, _ = process(home)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while process(home)[1]:
        time.sleep(0.01)


def compared(home: Path) -> Observation:
    """The trial once a row was compared."""
    while True:
        seen = observe(home)
        assert seen is not None
        if seen.compared:
            return seen
        time.sleep(0.01)


def test_a_trial_runs_beside_and_is_finished_at_the_same_url(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec("1"))
    assert observe(home) is None
    assert try_out(home, spec("2"), ALL) == endpoint
    assert status(home) == endpoint
    assert version_at(endpoint) == "2"
    seen = compared(home)
    assert (seen.name, seen.traffic, seen.trial.requests) == ("shop", ALL, 1)
    done = finish(home)
    assert (done.version, done.url, done.pid) == ("2", endpoint.url, endpoint.pid)
    assert observe(home) is None
    kill(home)
    assert observe(home) is None
    assert version_at(serve(home, spec("2"))) == "2"


@pytest.mark.fault(
    kind="kill -9",
    where="the resident server with a version on trial",
    promise="It comes back with the version that served, and without the trial.",
    then="the next deployment",
)
def test_a_server_killed_in_a_trial_comes_back_with_what_served(home: Path, spec: MakeSpec) -> None:
    """Without the trial, which nobody watches any more."""
    first = spec("1")
    serve(home, first)
    try_out(home, spec("2"), ALL)
    kill(home)
    state = read_state(home)
    assert state is not None
    assert (state.version, state.digest) == ("1", first.digest)
    assert version_at(serve(home, first)) == "1"
    assert observe(home) is None


def test_the_version_that_serves_ends_a_trial_when_it_is_served_again(
    home: Path, spec: MakeSpec
) -> None:
    endpoint = serve(home, spec("1"))
    try_out(home, spec("2"), ALL)
    assert serve(home, spec("1")) == endpoint
    assert observe(home) is None
    assert version_at(endpoint) == "1"
    assert withdraw(home) == endpoint


def test_a_tampered_or_broken_version_is_not_tried(
    home: Path, spec: MakeSpec, tmp_path: Path
) -> None:
    endpoint = serve(home, spec("1"))
    wanted = spec("2")
    with pytest.raises(ModelError, match="changed or is another model"):
        try_out(home, ServiceSpec("shop", "2", wanted.model_uri, "sha256:0"), ALL)
    manifest = write_bundle(tmp_path / "bad", b"no model", schema(), name="shop", version="2")
    with pytest.raises(ModelError, match=r"does not load.* Version '1' still answers"):
        try_out(home, ServiceSpec("shop", "2", str(tmp_path / "bad"), manifest.digest), ALL)
    assert observe(home) is None
    assert version_at(endpoint) == "1"


def test_a_version_on_trial_is_asked_until_it_has_answered(home: Path, spec: MakeSpec) -> None:
    """Bit for bit as its bundle answers, in both protocols; what serves is not mistaken for it."""
    first, second = spec("1"), spec("2")
    endpoint = serve(home, first)
    try_out(home, second, Traffic("canary", 0.1, sticky=True))
    models = [Model.load(Path(each.model_uri)) for each in (first, second)]
    urls = endpoint.predict_url, endpoint.seldon_url
    for model in models:
        said = ask(*urls, model, tries=400)
        expected = model.predict(columns(ROW)).scores[0]
        assert said.answer["scores"] == pytest.approx(expected.tolist())
    withdraw(home)
    with pytest.raises(DeployError, match="answers with version 1, not with version 2"):
        ask(*urls, models[1], tries=3)


def test_there_is_something_to_try_beside_what_serves_and_nothing_else(
    home: Path, spec: MakeSpec
) -> None:
    with pytest.raises(DeployError, match="Nothing is served"):
        try_out(home, spec("1"), ALL)
    serve(home, spec("1"))
    with pytest.raises(DeployError, match="Version '1' of 'shop' serves already"):
        try_out(home, spec("1"), ALL)
    with pytest.raises(DeployError, match="No version is on trial"):
        finish(home)
    stop(home)
    with pytest.raises(DeployError, match="Nothing is served"):
        withdraw(home)


def test_a_server_that_is_told_to_end_in_a_trial_ends(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec("1"))
    try_out(home, spec("2"), Traffic("shadow", 1.0))
    assert version_at(endpoint) == "1"
    assert stop(home) is True
    assert (home / "server.log").read_text() == ""
