"""A version on trial answers its share, is counted and compared, and harms no request."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.client import observation
from serving.errors import RequestError
from serving.routes import App
from serving.spec import SELDON, Observation
from tests.unit.serving.client import INFER, Client, seldon, v2
from tests.unit.serving.conftest import TOKEN
from tests.unit.serving.tiny import EMPTY_ROW, ROW

HEADERS = {"authorization": f"Bearer {TOKEN}".encode()}


def admin(client: Client, what: str, body: object = None, method: str = "POST") -> Any:
    return client.request(method, f"/admin/{what}", json=body or {}, headers=HEADERS)


def start(client: Client, mode: str, share: float = 1.0, **more: object) -> None:
    traffic = {"mode": mode, "share": share, **more}
    answer = admin(client, "try", {"version": "2", "traffic": traffic})
    assert answer.status_code == 200, answer.text


def observe(client: Client) -> Observation | None:
    told = admin(client, "trial", method="GET").json()["trial"]
    return None if told is None else observation(told)


def until(client: Client, wanted: Callable[[Observation], bool]) -> Observation:
    """The observation once what is asked beside the requests' path has come that far."""
    while True:
        seen = observe(client)
        assert seen is not None
        if wanted(seen):
            return seen
        time.sleep(0.005)


def version(client: Client, path: str = INFER, **more: object) -> str:
    answer = client.post(path, json={**v2(ROW), **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["model_version"])


def logged(app: App, folder: Path) -> list[str]:
    app.log.close()
    files = folder.glob("*.jsonl")
    return [json.loads(line)["version"] for file in files for line in file.read_text().splitlines()]


def test_a_canary_answers_its_share_and_is_compared(
    app: App, client: Client, tmp_path: Path
) -> None:
    start(client, "canary", 0.5)
    versions = [version(client) for _ in range(60)]
    tried = versions.count("2")
    assert set(versions) == {"1", "2"}
    seen = until(client, lambda seen: seen.compared == tried)
    assert (seen.stable.version, seen.stable.requests) == ("1", 60 - tried)
    assert (seen.trial.version, seen.trial.requests) == ("2", tried)
    assert (seen.stable.errors, seen.trial.errors) == (0, 0)
    assert 0 < seen.trial.p50_ms <= seen.trial.p99_ms
    assert seen.largest > 0
    page = client.get("/metrics").text
    assert f'switchyard_requests_total{{version="2",protocol="v2",code="200"}} {tried}' in page
    assert f'switchyard_trial_requests{{version="2",mode="canary"}} {tried}' in page
    assert logged(app, tmp_path) == versions


def test_a_sticky_canary_goes_by_the_clients_id_in_both_protocols(client: Client) -> None:
    start(client, "canary", 0.5, sticky=True)
    for number in range(30):
        name = f"customer {number}"
        body = {**seldon(ROW), "meta": {"puid": name}}
        tags = client.post(SELDON, json=body).json()["meta"]["tags"]
        assert {version(client, id=name) for _ in range(3)} == {tags["model_version"]}


def test_a_shadow_is_compared_and_never_answers_nor_is_logged(
    app: App, client: Client, tmp_path: Path
) -> None:
    start(client, "shadow")
    client.post(INFER, json=v2(ROW, EMPTY_ROW))
    client.post(SELDON, json=seldon(ROW))
    seen = until(client, lambda seen: seen.compared == 3)
    assert (seen.stable.requests, seen.trial.requests) == (2, 2)
    assert version(client) == "1"
    assert client.post("/v2/models/shop/versions/2/infer", json=v2(ROW)).status_code == 404
    assert set(logged(app, tmp_path)) == {"1"}


@pytest.mark.parametrize("mode", ["canary", "shadow"])
def test_a_trial_that_fails_reaches_no_client(
    app: App,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    mode: str,
) -> None:
    """The version that serves answers in its place; the failure is counted and told."""

    def fail(_: object) -> None:
        raise RuntimeError("out of luck")

    start(client, mode)
    assert app.trial is not None
    monkeypatch.setattr(app.trial.candidate.model, "predict", fail)
    assert [version(client) for _ in range(5)] == ["1"] * 5
    seen = until(client, lambda seen: seen.trial.errors == 5)
    assert (seen.trial.requests, seen.compared) == (5, 0)
    assert "out of luck" in capfd.readouterr().err


@pytest.mark.parametrize("mode", ["canary", "shadow"])
def test_what_only_the_trial_refuses_is_answered_and_counted_as_disagreement(
    app: App, client: Client, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    def refuse(_: object) -> None:
        raise RequestError("Column 'new' is missing.")

    start(client, mode)
    assert app.trial is not None
    monkeypatch.setattr(app.trial.candidate.model, "predict", refuse)
    assert version(client) == "1"
    seen = until(client, lambda seen: seen.compared == 1)
    assert (seen.agreed, seen.trial.errors) == (0, 0)


def test_a_request_that_is_wrong_is_refused_as_ever(client: Client) -> None:
    start(client, "canary")
    answer = client.post(INFER, content=b"{")
    assert answer.status_code == 400
    seen = observe(client)
    assert seen is not None
    assert (seen.trial.requests, seen.trial.errors, seen.compared) == (1, 0, 0)


def test_a_path_that_names_a_version_is_answered_by_it(client: Client) -> None:
    start(client, "canary")
    assert version(client, "/v2/models/shop/versions/1/infer") == "1"
    assert version(client, "/v2/models/shop/versions/2/infer") == "2"
    seen = observe(client)
    assert seen is not None
    assert seen.trial.requests == 0


def test_a_large_batch_is_tried_too(client: Client) -> None:
    start(client, "canary")
    answer = client.post(INFER, json=v2(*[ROW] * 2000))
    assert (answer.status_code, answer.json()["model_version"]) == (200, "2")
    assert until(client, lambda seen: seen.compared == 2000).trial.requests == 1


def test_what_does_not_fit_the_queue_is_counted(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.shadow.ROOM", 10)
    start(client, "shadow")
    assert version(client) == "1"
    seen = observe(client)
    assert seen is not None
    assert (seen.compared, seen.skipped) == (0, 1)


@pytest.mark.parametrize("mode", ["canary", "shadow"])
def test_a_finished_trial_is_what_serves(client: Client, mode: str) -> None:
    start(client, mode, 0.5)
    assert admin(client, "finish").json()["version"] == "2"
    assert observe(client) is None
    assert {version(client) for _ in range(10)} == {"2"}
    assert 'switchyard_trials_total{result="finished"} 1' in client.get("/metrics").text


def test_a_withdrawn_trial_leaves_what_served(client: Client) -> None:
    start(client, "canary")
    assert version(client) == "2"
    for _ in range(2):
        assert admin(client, "withdraw").json()["version"] == "1"
    assert {version(client) for _ in range(10)} == {"1"}
    assert observe(client) is None


def test_a_roll_and_a_new_trial_end_the_one_before(client: Client) -> None:
    start(client, "canary")
    start(client, "shadow")
    assert version(client) == "1"
    admin(client, "roll", {"version": "3"})
    assert observe(client) is None
    assert version(client) == "3"
    assert 'switchyard_trials_total{result="replaced"} 2' in client.get("/metrics").text


def test_a_trial_that_nobody_ends_ends_itself(client: Client) -> None:
    start(client, "canary", lease=0.05)
    while observe(client) is not None:
        time.sleep(0.01)
    assert version(client) == "1"
    assert 'switchyard_trials_total{result="expired"} 1' in client.get("/metrics").text


def test_a_broken_version_is_not_tried(client: Client) -> None:
    traffic = {"mode": "canary", "share": 0.5}
    answer = admin(client, "try", {"version": "broken", "traffic": traffic})
    assert (answer.status_code, answer.json()) == (409, {"error": "The model does not load."})
    assert observe(client) is None


@pytest.mark.parametrize(
    "traffic",
    [None, {}, {"mode": "canary"}, {"mode": "?", "share": 1}, {"mode": "canary", "share": 0}],
)
def test_a_trial_without_sense_is_refused(client: Client, traffic: object) -> None:
    answer = admin(client, "try", {"version": "2", "traffic": traffic})
    assert answer.status_code == 400
    assert '"traffic" must hold' in answer.json()["error"]


def test_there_is_nothing_to_finish_without_a_trial(client: Client) -> None:
    assert admin(client, "finish").status_code == 404


@pytest.mark.parametrize("what", ["try", "finish", "withdraw", "trial"])
def test_a_trial_needs_the_token(client: Client, what: str) -> None:
    method = "GET" if what == "trial" else "POST"
    assert client.request(method, f"/admin/{what}").status_code == 401
