"""With an API key configured, only who brings it is answered; probes and scrapers always are."""

from collections.abc import Iterator

import pytest

from serving.access import Guarded
from serving.routes import App
from serving.spec import SELDON
from tests.unit.serving.client import INFER, Client, seldon, v2
from tests.unit.serving.conftest import TOKEN
from tests.unit.serving.tiny import ROW

KEY = "s3cret, and a long one"


@pytest.fixture
def guarded(app: App) -> Iterator[Client]:
    """A client of a server that wants a key."""
    with Client(Guarded(app, KEY)) as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}".encode()},
        {"authorization": f"bearer  {KEY}".encode()},
        {"x-api-key": KEY.encode()},
        {"authorization": b"Basic Og==", "x-api-key": KEY.encode()},
    ],
)
def test_who_brings_the_key_is_answered(guarded: Client, headers: dict[str, bytes]) -> None:
    for path, body in ((INFER, v2(ROW)), (SELDON, seldon(ROW))):
        assert guarded.request("POST", path, json=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": KEY.encode()},
        {"authorization": f"Bearer {KEY[:-1]}".encode()},
        {"authorization": f"Bearer {TOKEN}".encode()},
        {"x-api-key": b""},
        {"x-api-key": b"\xff"},
    ],
)
def test_anyone_else_is_refused_in_the_protocols_form(
    guarded: Client, headers: dict[str, bytes]
) -> None:
    answer = guarded.request("POST", INFER, json=v2(ROW), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "needs its API key" in answer.json()["error"]
    answer = guarded.request("POST", SELDON, json=seldon(ROW), headers=headers)
    assert answer.status_code == 401
    assert "needs its API key" in answer.json()["status"]["info"]
    for path in ("/docs", "/openapi.json", "/v2", "/v2/models/shop", "/nowhere"):
        assert guarded.request("GET", path, headers=headers).status_code == 401


def test_probes_and_metrics_need_no_key_and_refusals_are_counted(guarded: Client) -> None:
    guarded.post(INFER, json=v2(ROW))
    pages = ["/healthz", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"]
    for path in [*pages, "/v2/models/shop/ready", "/v2/models/shop/versions/1/ready"]:
        assert guarded.get(path).status_code == 200, path
    assert 'protocol="v2",code="401"} 1' in guarded.get("/metrics").text


def test_the_admin_route_asks_for_its_own_token_and_not_for_the_key(guarded: Client) -> None:
    for word, status in ((KEY, 401), (TOKEN, 200)):
        headers = {"authorization": f"Bearer {word}".encode()}
        answer = guarded.request("POST", "/admin/roll", json={"version": "2"}, headers=headers)
        assert answer.status_code == status


def test_a_label_needs_the_key_too(guarded: Client) -> None:
    body, key = {"id": "a", "label": "yes"}, {"x-api-key": KEY.encode()}
    for path in ("/v2/models/shop/feedback", "/api/v1.0/feedback"):
        assert guarded.post(path, json=body).status_code == 401
    said = guarded.request("POST", "/v2/models/shop/feedback", json=body, headers=key)
    assert said.status_code == 200
