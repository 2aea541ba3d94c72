"""A bundle fetched over HTTP, and who is shown MLflow's password."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from serving.bundle import FILES, MANIFEST, ONNX, SCHEMA
from serving.errors import ModelError
from serving.versions import MLFLOW_ARTIFACTS, fetch

CONTENT = {ONNX: b"a graph", SCHEMA: b"{}", MANIFEST: b"{}"}


@contextmanager
def serving(moved_to: str = "") -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Serve a bundle, or send to another place; what was asked, and with which credentials."""
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization")))
            name = self.path.rpartition("/")[2]
            found = None if "absent" in self.path else CONTENT.get(name)
            self.send_response(302 if moved_to else 200 if found else 404)
            if moved_to:
                self.send_header("Location", f"{moved_to}/{name}")
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        yield f"http://127.0.0.1:{listener.server_address[1]}", asked
    finally:
        listener.shutdown()
        listener.server_close()


@pytest.fixture(autouse=True)
def member(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables in which ZenML's tracker hands the credentials over."""
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "word")


def test_a_bundle_comes_through_an_mlflow_server_with_its_credentials() -> None:
    with serving() as (address, asked):
        assert fetch(f"{address}{MLFLOW_ARTIFACTS}1/bundle") == (CONTENT[ONNX], CONTENT[SCHEMA])
    assert [path for path, _ in asked] == [f"{MLFLOW_ARTIFACTS}1/bundle/{name}" for name in FILES]
    assert {said for _, said in asked} == {"Basic YW5uOndvcmQ="}


def test_a_token_goes_before_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken")
    with serving() as (address, asked):
        fetch(f"{address}{MLFLOW_ARTIFACTS}1/bundle")
    assert {said for _, said in asked} == {"Bearer t0ken"}


def test_no_other_server_is_shown_the_password() -> None:
    with serving() as (address, asked):
        fetch(f"{address}/bundles/1")
    assert {said for _, said in asked} == {None}


def test_a_store_that_the_server_sends_to_is_not_shown_the_password() -> None:
    with serving() as (store, shown), serving(moved_to=f"{store}/1") as (address, _):
        assert fetch(f"{address}{MLFLOW_ARTIFACTS}1/bundle")[0] == CONTENT[ONNX]
    assert {said for _, said in shown} == {None}


def test_a_bundle_that_is_not_there_is_told_with_its_address() -> None:
    with serving() as (address, _), pytest.raises(ModelError, match=r"/absent cannot be read.*404"):
        fetch(f"{address}/absent")
