"""Every route answers in its protocol's form, errors too."""

import json
from pathlib import Path

import pytest

from serving.routes import App
from serving.spec import SELDON
from tests.unit.serving.client import INFER, Client, seldon, v2
from tests.unit.serving.conftest import TOKEN
from tests.unit.serving.tiny import EMPTY_ROW, ROW


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("POST", "/v2/models/shoe/infer", 404, "no model 'shoe' here; it serves 'shop'"),
        ("GET", "/v2/models/shop/versions/7", 404, "no version '7'"),
        ("GET", "/v2/models/shop/versions", 404, "nothing at"),
        ("GET", "/v2/models/shop/infer/more", 404, "nothing at"),
        ("GET", "/nowhere", 404, "nothing at /nowhere"),
        ("GET", INFER, 405, "takes POST and not GET"),
        ("DELETE", "/metrics", 405, "takes GET and not DELETE"),
        ("POST", "/admin/roll", 401, "needs the token"),
    ],
)
def test_a_wrong_address_is_told_as_json(
    client: Client, method: str, path: str, status: int, told: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert told in answer.json()["error"]
    assert status != 405 or answer.headers["allow"] in ("GET", "POST")


def test_a_failure_inside_tells_the_client_nothing_but_a_number(
    app: App, client: Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("secret path")

    monkeypatch.setattr(app.served.model, "predict", fail)
    answer = client.post(INFER, json=v2(ROW))
    assert answer.status_code == 500
    assert "secret" not in answer.text
    number = answer.json()["error"].split()[-1].rstrip(".")
    told = capfd.readouterr().err
    assert number in told
    assert "secret path" in told


def test_a_roll_changes_the_version_for_the_next_request(client: Client) -> None:
    before = client.post(INFER, json=v2(ROW)).json()
    headers = {"authorization": f"Bearer {TOKEN}".encode()}
    answer = client.post("/admin/roll", json={"version": "2"}, headers=headers)
    assert answer.status_code == 200
    after = client.post(INFER, json=v2(ROW)).json()
    assert (before["model_version"], after["model_version"]) == ("1", "2")
    assert before["outputs"] != after["outputs"]
    assert client.post("/v2/models/shop/versions/1/infer", json=v2(ROW)).status_code == 404


def test_a_broken_version_is_refused_and_the_old_one_goes_on(client: Client) -> None:
    headers = {"authorization": f"Bearer {TOKEN}".encode()}
    answer = client.post("/admin/roll", json={"version": "broken"}, headers=headers)
    assert answer.status_code == 409
    assert answer.json() == {"error": "The model does not load."}
    assert client.post(INFER, json=v2(ROW)).json()["model_version"] == "1"
    assert 'switchyard_rolls_total{result="refused"} 1' in client.get("/metrics").text


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Bearer ünknown"])
def test_a_roll_needs_the_token(client: Client, token: str) -> None:
    headers = {"authorization": token.encode()}
    assert client.post("/admin/roll", json={"version": "2"}, headers=headers).status_code == 401


def test_every_prediction_is_logged_and_counted(app: App, tmp_path: Path, client: Client) -> None:
    client.post(INFER, json=v2(ROW, EMPTY_ROW))
    client.post(SELDON, json={**seldon(ROW), "meta": {"puid": "mine"}})
    client.post(INFER, content=b"{")
    page = client.get("/metrics").text
    assert 'switchyard_requests_total{version="1",protocol="v2",code="200"} 1' in page
    assert 'switchyard_requests_total{version="1",protocol="v2",code="400"} 1' in page
    assert "switchyard_rows_total 3" in page
    assert "switchyard_request_seconds_count 3" in page
    assert "switchyard_log_dropped_rows_total 0" in page
    app.log.close()
    lines = [json.loads(text) for text in next(tmp_path.glob("*.jsonl")).read_text().splitlines()]
    assert [(line["row"], line["features"]) for line in lines] == [
        (0, ROW),
        (1, EMPTY_ROW),
        (0, ROW),
    ]
    assert lines[2]["id"] == "mine"


def test_the_metrics_page_is_what_prometheus_reads(client: Client) -> None:
    client.post(INFER, json=v2(ROW))
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in answer.text.splitlines():
        assert line.startswith("# ") or len(line.rsplit(" ", 1)) == 2
    assert answer.text.endswith("\n")
