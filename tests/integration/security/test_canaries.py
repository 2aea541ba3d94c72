"""Secrets that are planted come up nowhere: no file, no database, no page, no message."""

import base64
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.integration.tumours import LINEAR, MODEL, write_config
from tests.workplace import Finished, Workplace

# Each with letters that are written in another way inside of addresses and of JSON.
TYPED, NAMED, HOOK = "cnry-typed/p@+1", "cnry-named&%2", "cnry-hook-3"
KEY, WRONG = "cnry-key=4/+", "cnry-wrong-key-5"
IN_ENVIRONMENT = {
    "DB_PASSWORD": NAMED,
    "SWITCHYARD_ALERT_WEBHOOK": f"http://127.0.0.1:1/services/{HOOK}",
    "AWS_ACCESS_KEY_ID": "cnry-s3-id-6",
    "AWS_SECRET_ACCESS_KEY": "cnry-s3-secret/7+",
    "MLFLOW_TRACKING_TOKEN": "cnry-mlflow-8",
    "SWITCHYARD_LOG_KEY": "cnry-log-key-9",
}
CANARIES = (TYPED, NAMED, HOOK, KEY, WRONG, *IN_ENVIRONMENT.values())
DATABASE = "postgresql://reader:{}@127.0.0.1:1/sales"
STACK = """
stack_name: guarded
components:
  orchestrator: {name: local, flavor: local}
  artifact_store: {name: local, flavor: local}
  experiment_tracker: {name: mlflow, flavor: mlflow}
  model_registry: {name: mlflow, flavor: mlflow}
  model_deployer:
    name: guarded
    flavor: resident
    configuration: {port: 0, api_key: "{{serving-access.key}}"}
"""
CHEAP = ["--set", "candidates=[{name: linear, kind: linear}]"]


@pytest.fixture(scope="module")
def told(shared_workplace: Workplace, tmp_path_factory: pytest.TempPathFactory) -> list[Finished]:
    """A training, a deployment, failures and a look back, with secrets wherever they can be."""
    place, folder = shared_workplace, tmp_path_factory.mktemp("input")
    stack = folder / "guarded.yaml"
    stack.write_text(STACK, encoding="utf-8")
    config = write_config(folder, "cheap", LINEAR, report={"enabled": False})
    secret = f"Client().create_secret('serving-access', values={{'key': {KEY!r}}})"
    script = f"from zenml.client import Client; {secret}"
    assert place.call(sys.executable, "-c", script).status == 0

    def run(*words: str) -> Finished:
        return place.run(*words, **IN_ENVIRONMENT)

    first = run("--stack", str(stack), "--config", config, "--json")
    assert first.status == 0, first.errors
    asked(first.document["endpoint"]["url"])
    query = ["--query", "select 1", "--target", "x", "--debug", *CHEAP]
    failed = run("--data", DATABASE.format("${DB_PASSWORD}"), *query)
    assert failed.status == 1, failed.errors
    labels = ["--labels", DATABASE.format(quote(TYPED, safe=""))]
    looked = run("monitor", "--since", "1h", "--act", "--json", *labels)
    return [first, failed, looked, run("stack", "export", "guarded", "--resolved"), run("stop")]


def asked(url: str) -> None:
    """Put a question with the right key, and one with a wrong one."""
    path = f"{url}/v2/models/{MODEL}"
    with httpx.Client(trust_env=False) as client:
        assert client.get(path, headers={"X-API-Key": KEY}).status_code == 200
        wrong = client.get(path, headers={"X-API-Key": WRONG, "Authorization": f"Bearer {WRONG}"})
        assert (wrong.status_code, WRONG in wrong.text) == (401, False)


def forms(secret: str) -> Iterator[bytes]:
    """A secret as it may be written: plain, in an address, in JSON, in base64 at any place."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].encode()
    for before in range(3):
        # What stands around it changes the letters at its ends.
        yield base64.b64encode(b" " * before + secret.encode())[4:-4]


def found_in(content: bytes) -> list[str]:
    """The secrets that a content holds."""
    return [secret for secret in CANARIES if any(form in content for form in forms(secret))]


def without_secrets(path: Path) -> bytes:
    """What a database holds, but for the place where ZenML keeps secrets."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        lines = [
            line for line in connection.iterdump() if not line.startswith('INSERT INTO "secret"')
        ]
    return "\n".join(lines).encode()


def test_nothing_that_is_said_holds_a_secret(told: list[Finished]) -> None:
    """Neither results nor errors, tracebacks among them."""
    for done in told:
        assert found_in((done.output + done.errors).encode()) == [], done.errors


def test_nothing_that_is_written_holds_a_secret(
    shared_workplace: Workplace, told: list[Finished]
) -> None:
    """Stores, databases, logs, records, pages; the server's own home keeps its key for itself."""
    assert told
    leaks, looked_at = {}, 0
    for path in shared_workplace.home.rglob("*"):
        if not path.is_file():
            continue
        if path.name == "service.json":
            assert path.stat().st_mode & 0o077 == 0
            continue
        looked_at += 1
        is_store = path.suffix == ".db" and path.read_bytes()[:6] == b"SQLite"
        content = without_secrets(path) if is_store else path.read_bytes()
        if found := found_in(content):
            leaks[str(path.relative_to(shared_workplace.home))] = found
    assert looked_at > 20
    assert leaks == {}


def test_a_secret_would_be_found() -> None:
    """In each of its forms, and at any place of a base64 text."""
    for before in (b"", b"x", b"xy", b"xyz"):
        assert found_in(base64.b64encode(before + KEY.encode() + b" and more")) == [KEY]
    assert found_in(f"postgresql://reader:{quote(TYPED, safe='')}@host".encode()) == [TYPED]
    assert found_in(b"nothing") == []
