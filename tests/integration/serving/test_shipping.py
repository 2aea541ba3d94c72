"""Whole segments of the prediction log come into the store, whatever happens to the server."""

import os
import signal
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.openapi import v2_body
from serving.resident import serve, stop
from serving.segments import segments
from serving.shipping.settings import LogSettings, write_settings
from serving.spec import Endpoint
from serving.state import process
from tests.integration.serving.conftest import MakeSpec
from tests.integration.serving.shipping import ask, ids, metric, shipped, wait_for
from tests.integration.stacks.store import KEY, SECRET, Store, store_in
from tests.unit.serving.tiny import ROW, schema


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A directory that segments are shipped to."""
    return tmp_path / "store"


def begin(home: Path, spec: MakeSpec, uri: str, **changes: object) -> Endpoint:
    """Serve with a log that is shipped a second after it was written."""
    home.mkdir(exist_ok=True)
    given = {"uri": uri, "seconds": 0.5, **changes}
    write_settings(home, LogSettings(**given))  # type: ignore[arg-type]
    return serve(home, spec())


def kill(home: Path) -> None:
    pid, _ = process(home)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while process(home)[1]:
        time.sleep(0.01)


def test_segments_are_shipped_by_hour_and_removed_here(
    home: Path, spec: MakeSpec, store: Path
) -> None:
    endpoint = begin(home, spec, store.as_uri())
    ask(endpoint, "a", "b")
    wait_for(store, "a", "b")
    (path,) = store.rglob("*.gz")
    when = shipped(store)[0]["time"]
    hour = f"shop/date={when[:10]}/hour={when[11:13]}"
    assert str(path.relative_to(store).parent) == hour
    ask(endpoint, "c")
    wait_for(store, "a", "b", "c")
    assert segments(home / "log") == []
    assert (metric(endpoint, "shipped_files_total"), metric(endpoint, "shipped_rows_total")) == (
        2,
        3,
    )


def test_a_stop_ships_the_last_segment_and_leaves_no_process(
    home: Path, spec: MakeSpec, store: Path
) -> None:
    endpoint = begin(home, spec, str(store), seconds=3600)
    # The shipping process starts with the log's first second.
    ask(endpoint, "a")
    time.sleep(1.5)
    ask(endpoint, "b")
    stop(home)
    assert ids(store) == ["a", "b"]
    assert workers(home) == []


@pytest.mark.fault(
    kind="kill -9",
    where="the resident server, with rows not shipped yet",
    promise="Every row that is a second old is shipped, once.",
    then="what ships, by itself",
)
def test_what_a_killed_server_answered_is_shipped_once(
    home: Path, spec: MakeSpec, store: Path
) -> None:
    """Every answer that is a second old is in the log, and a torn last line harms none."""
    endpoint = begin(home, spec, str(store), seconds=3600)
    answered: list[tuple[float, str]] = []
    asker = threading.Thread(target=hammer, args=(endpoint, answered))
    asker.start()
    time.sleep(2.0)
    killed = time.time()
    kill(home)
    asker.join()
    while workers(home):
        time.sleep(0.05)
    held = ids(store)
    assert len(held) == len(set(held))
    old = [name for when, name in answered if when < killed - 1.0]
    assert len(old) > 50
    assert set(old) <= set(held)


def test_the_next_start_ships_what_was_left_without_its_torn_line(
    home: Path, spec: MakeSpec, store: Path
) -> None:
    endpoint = serve(home, spec())
    ask(endpoint, "left")
    stop(home)
    (path,) = segments(home / "log")
    with path.open("ab") as file:
        file.write(b'{"time":"2026-')
    begin(home, spec, str(store))
    wait_for(store, "left")
    assert [path.name for path in store.rglob("*.gz")] == [f"{path.name}.gz"]


@pytest.mark.fault(
    kind="store broken",
    where="the store that the prediction log is shipped to is down",
    promise="Requests are answered; rows wait on this machine, and the failure is told.",
    then="what ships, by itself",
)
def test_a_store_that_is_down_is_waited_for(home: Path, spec: MakeSpec, store: Path) -> None:
    store.write_text("no directory")
    endpoint = begin(home, spec, str(store))
    ask(endpoint, "a")
    while not metric(endpoint, "shipping_failures_total"):
        time.sleep(0.05)
    assert metric(endpoint, "waiting_segments") == 1
    assert metric(endpoint, "shipping_last_failure_seconds") >= 0
    assert "cannot ship" in (home / "server.log").read_text()
    store.unlink()
    wait_for(store, "a")


def test_a_store_named_later_takes_what_waits(home: Path, spec: MakeSpec, store: Path) -> None:
    endpoint = begin(home, spec, "")
    ask(endpoint, "a")
    time.sleep(1.2)
    assert workers(home) == []
    write_settings(home, LogSettings(uri=str(store)))
    wait_for(store, "a")


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Store]:
    """A real S3-compatible store."""
    with store_in(tmp_path / "rclone") as found:
        yield found


def test_an_object_store_takes_segments_and_its_secret_stays_private(
    home: Path, spec: MakeSpec, bucket: Store
) -> None:
    options = {
        "key": KEY,
        "secret": "wrong-" + SECRET,
        "client_kwargs": {"endpoint_url": bucket.endpoint},
    }
    endpoint = begin(home, spec, "s3://bucket/predictions", options=options)
    ask(endpoint, "a")
    while not metric(endpoint, "shipping_failures_total"):
        time.sleep(0.05)
    write_settings(home, LogSettings("s3://bucket/predictions", {**options, "secret": SECRET}))
    while not metric(endpoint, "shipped_rows_total"):
        time.sleep(0.05)
    assert [key.split("/")[:2] for key in bucket.objects()] == [["predictions", "shop"]]
    for path in home.rglob("*"):
        if path.is_file() and SECRET.encode() in path.read_bytes():
            assert (path.name, stat.S_IMODE(path.stat().st_mode)) == ("log.json", 0o600)


def hammer(endpoint: Endpoint, answered: list[tuple[float, str]]) -> None:
    """Ask until the server is gone, and note what was answered when."""
    with httpx.Client(trust_env=False) as client:
        for number in range(1_000_000):
            name = str(number)
            try:
                answer = client.post(
                    endpoint.predict_url, json={**v2_body(schema(), [ROW]), "id": name}
                )
            except httpx.HTTPError:
                return
            assert answer.status_code == 200
            answered.append((time.time(), name))


def workers(home: Path) -> list[int]:
    """The shipping processes of a home."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serving.shipping.worker" in words and str(home).encode() in words:
            found.append(int(path.parent.name))
    return found
