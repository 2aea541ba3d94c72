"""Bad requests over HTTP to a real server: always a 4xx in the protocol's form that says what."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks

from serving.bundle import write_bundle
from serving.openapi import v2_body
from serving.resident import serve, stop
from serving.settings import ServerSettings
from serving.spec import SELDON, Endpoint, ServiceSpec
from tests.unit.serving.tiny import ROW, bundle, onnx, schema

CORPUS = Path(__file__).with_name("corpus.jsonl")
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
CASES = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
LIMIT = 200_000


class Running(NamedTuple):
    """A server with its home."""

    endpoint: Endpoint
    home: Path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server for all tests of this module; at their end its log holds no failure."""
    folder = tmp_path_factory.mktemp("bad")
    spec = ServiceSpec("shop", "1", str(folder / "1"), bundle(folder / "1").digest)
    endpoint = serve(folder / "home", spec, ServerSettings(body_limit=LIMIT))
    yield Running(endpoint, folder / "home")
    answer = httpx.post(endpoint.predict_url, json=v2_body(schema(), [ROW]))
    stop(folder / "home")
    assert answer.status_code == 200
    assert (folder / "home" / "server.log").read_text() == ""


@pytest.fixture(scope="module")
def connection(running: Running) -> Iterator[http.client.HTTPConnection]:
    """One connection, which every refusal leaves fit for the next request."""
    connection = http.client.HTTPConnection(urlsplit(running.endpoint.url).netloc, timeout=10)
    yield connection
    connection.close()


def told(protocol: str, body: bytes) -> str:
    """The message of an error in a protocol's form."""
    content = json.loads(body)
    if protocol == "seldon":
        assert content["status"]["status"] == "FAILURE"
        return str(content["status"]["info"])
    assert set(content) == {"error"}
    return str(content["error"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['protocol']}: {case['name']}")
def test_the_corpus_is_refused_by_name(
    connection: http.client.HTTPConnection, case: dict[str, Any]
) -> None:
    path = SELDON if case["protocol"] == "seldon" else "/v2/models/shop/infer"
    connection.request("POST", path, case["body"].encode())
    answer = connection.getresponse()
    said = told(case["protocol"], answer.read())
    assert answer.status == case["status"]
    assert case["told"] in said


@pytest.mark.parametrize(
    ("path", "protocol", "status", "said"),
    [
        ("/v2/models/shoe/infer", "v2", 404, "no model 'shoe'"),
        ("/v2/models/shop/versions/7/infer", "v2", 404, "no version '7'"),
        ("/v2/models/shop%2Finfer/infer", "v2", 404, "nothing at"),
        ("/v2/models//infer", "v2", 404, "no model ''"),
        ("/v2/models/sh%00p/infer", "v2", 404, "no model"),
        ("/api/v1.0/prediction", "v2", 404, "nothing at"),
    ],
)
def test_what_is_not_there_is_404(
    connection: http.client.HTTPConnection, path: str, protocol: str, status: int, said: str
) -> None:
    connection.request("POST", path, json.dumps(v2_body(schema(), [ROW])))
    answer = connection.getresponse()
    assert said in told(protocol, answer.read())
    assert answer.status == status


@pytest.mark.parametrize("path", ["/v2/models/shop/infer", SELDON])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_above_the_limit_is_413_however_it_is_sent(
    running: Running, path: str, chunked: bool
) -> None:
    body = b" " * (LIMIT + 1)
    content = iter([body[:1000], body[1000:]]) if chunked else body
    answer = httpx.post(running.endpoint.url + path, content=content)
    assert answer.status_code == 413
    protocol = "seldon" if path == SELDON else "v2"
    assert f"larger than {LIMIT} bytes" in told(protocol, answer.content)


def test_a_category_never_seen_is_refused_where_the_schema_says_so(tmp_path: Path) -> None:
    made = write_bundle(tmp_path / "b", onnx(), schema(unseen="refuse"), name="shop", version="1")
    home = tmp_path / "home"
    endpoint = serve(home, ServiceSpec("shop", "1", str(tmp_path / "b"), made.digest))
    try:
        body = v2_body(schema(), [{**ROW, "city": "Kölln"}])
        answer = httpx.post(endpoint.predict_url, json=body)
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("Column 'city' has no category 'Kölln'. Did you")
    finally:
        stop(home)


@pytest.fixture(scope="module")
def document(running: Running) -> Any:
    """The OpenAPI document that the server itself shows."""
    return schemathesis.openapi.from_url(f"{running.endpoint.url}/openapi.json")


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_whatever_fits_or_breaks_the_document_is_answered_as_it_says(
    document: Any, mode: GenerationMode
) -> None:
    asked = 0
    for found in document.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not operation.body:
            continue  # A page takes nothing that could be wrong.

        @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            case.validate_response(case.call(), checks=CHECKS)

        ask()
        asked += 1
    assert asked > 4
