"""When the last run's answer still stands."""

import argparse
import http.server
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from commands.record import SMALL, fingerprint, question, recall, remember
from commands.summary import local_databases
from commands.train import stack_identity

STACK = """
stack_name: mine
components:
  orchestrator: [{name: here, flavor: local}]
  artifact_store: [{name: here, flavor: local, configuration: {path: "${PLACE}"}}]
"""
OPTIONS = argparse.Namespace(
    stack="local", config=None, data=None, query=None, target=None, task=None, model=None,
    set=[], no_deploy=False,
)  # fmt: skip


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Records of this test alone."""
    monkeypatch.setenv("SWITCHYARD_HOME", str(tmp_path / "records"))
    return tmp_path


@pytest.fixture
def server() -> Iterator[str]:
    """A server that says version 1 is ready, and no other."""

    class Ready(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(b'{"ready": true, "name": "m", "version": "1"}')

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    httpd = http.server.HTTPServer(("127.0.0.1", 0), Ready)
    threading.Thread(target=lambda: httpd.serve_forever(poll_interval=0.01), daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


def test_an_answer_stands_while_nothing_changes(place: Path) -> None:
    """The same question on the same stores is answered from the record."""
    store = place / "zenml.db"
    store.write_text("one")
    remember("key", "same", [store], {"decision": "promote"})
    assert recall("key", "same") == {"decision": "promote"}


def test_a_change_of_what_it_stands_on_ends_an_answer(place: Path) -> None:
    """Another fingerprint, or a store that was written to, asks for a run."""
    store = place / "zenml.db"
    store.write_text("one")
    remember("key", "same", [store], {})
    assert recall("key", "other") is None
    store.write_text("more")
    assert recall("key", "same") is None


def test_settings_written_anew_end_no_answer(place: Path) -> None:
    """ZenML rewrites its settings whenever it is asked anything, by `history` for one."""
    settings = place / "config.yaml"
    settings.write_text("active_stack_id: one")
    remember("key", "same", [settings], {})
    os.utime(settings, ns=(1, 1))
    assert recall("key", "same") is not None
    settings.write_text("active_stack_id: two")
    assert recall("key", "same") is None


def test_a_database_that_was_touched_ends_an_answer(place: Path) -> None:
    """A large store is told by size and time: reading all of it would take too long."""
    store = place / "zenml.db"
    store.write_bytes(bytes(SMALL + 1))
    remember("key", "same", [store], {})
    assert recall("key", "same") is not None
    os.utime(store, ns=(1, 1))
    assert recall("key", "same") is None


def test_a_database_with_a_log_is_told_by_both(place: Path) -> None:
    """Its last user's end brings nothing new, and what is written into the log alone does."""
    store = place / "zenml.db"
    user = sqlite3.connect(store, isolation_level=None)
    user.execute("PRAGMA journal_mode=WAL")
    user.execute("CREATE TABLE pages AS SELECT zeroblob(100000) AS page")
    remember("key", "same", [store], {})
    user.close()
    assert recall("key", "same") is not None
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("INSERT INTO pages VALUES ('new')")
        assert recall("key", "same") is None


def test_a_store_that_went_away_ends_an_answer(place: Path) -> None:
    """A record never outlives the stores it speaks of."""
    store = place / "zenml.db"
    store.write_text("one")
    remember("key", "same", [store], {})
    store.unlink()
    assert recall("key", "same") is None


def test_an_answer_stands_while_its_version_is_served(server: str) -> None:
    """A server that is gone, or serves another version, asks for a run."""
    served = {"url": server, "name": "m", "version": "1"}
    remember("key", "same", [], {"endpoint": served})
    assert recall("key", "same") is not None
    remember("key", "same", [], {"endpoint": {**served, "version": "2"}})
    assert recall("key", "same") is None
    remember("key", "same", [], {"endpoint": {**served, "url": "http://127.0.0.1:1"}})
    assert recall("key", "same") is None


def test_a_broken_record_is_no_answer(place: Path) -> None:
    """Half a file is not read as an answer."""
    (place / "records").mkdir()
    (place / "records" / "key.json").write_text('{"fingerprint": "same"')
    assert recall("key", "same") is None


def test_other_words_are_another_question() -> None:
    """Each option that changes the work changes the key."""
    changed = argparse.Namespace(**{**vars(OPTIONS), "set": ["tuning.trials=2"]})
    assert question(OPTIONS) != question(changed)
    assert question(OPTIONS) == question(argparse.Namespace(**vars(OPTIONS)))


def test_data_and_config_decide_the_fingerprint(place: Path) -> None:
    """What a run computes from is told by content."""
    config = place / "run.yaml"
    config.write_text("model: a\n")
    first = fingerprint("data-1", [config])
    assert fingerprint("data-1", [config]) == first
    assert fingerprint("data-2", [config]) != first
    config.write_text("model: b\n")
    assert fingerprint("data-1", [config]) != first


def test_a_stack_that_asks_for_something_else_is_another_fingerprint() -> None:
    """A variable of the stack file that changed its value sends the run elsewhere."""
    assert fingerprint("data", [], "bucket one") != fingerprint("data", [], "bucket two")


def test_a_variable_of_a_stack_file_is_part_of_its_identity(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same file under another environment is another stack."""
    path = place / "mine.yaml"
    path.write_text(STACK)
    assert stack_identity(str(path)) is None
    monkeypatch.setenv("PLACE", "/one")
    first = stack_identity(str(path))
    monkeypatch.setenv("PLACE", "/two")
    assert first is not None
    assert first != stack_identity(str(path))


def test_what_is_here_is_part_of_a_stacks_identity(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package, a program or a context that went away asks for the check before a run."""
    path = place / "mine.yaml"
    path.write_text(STACK)
    monkeypatch.setenv("PLACE", "/one")
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.setenv("KUBECONFIG", str(place / "kubeconfig"))
    seen = {stack_identity(str(path))}
    (place / "docker").write_text("#!/bin/sh\n")
    (place / "docker").chmod(0o755)
    seen.add(stack_identity(str(path)))
    (place / "kubeconfig").write_text("contexts: [{name: ours}]")
    seen.add(stack_identity(str(path)))
    path.write_text(STACK + "  experiment_tracker: [{name: t, flavor: mlflow}]\n")
    seen.add(stack_identity(str(path)))
    monkeypatch.setattr("importlib.metadata.Distribution.from_name", absent)
    seen.add(stack_identity(str(path)))
    assert None not in seen
    assert len(seen) == 5


def absent(name: str) -> None:
    """As importlib answers for a package that is not installed."""
    raise PackageNotFoundError(name)


def test_what_a_server_holds_is_not_answered_from_a_record() -> None:
    """Others may move a champion there, and no file of this machine would tell."""
    assert local_databases(["sqlite:////a/zenml.db"]) == [Path("/a/zenml.db")]
    assert local_databases(["sqlite:////a/zenml.db", "http://127.0.0.1:5000"]) is None
