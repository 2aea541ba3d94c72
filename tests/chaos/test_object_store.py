"""A real S3-compatible store behind a proxy that answers 500, or nothing at all."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3fs

from serving.errors import RunError
from serving.resident import serve, stop
from serving.shipping.settings import LogSettings, write_settings
from serving.spec import Endpoint
from steps.data.hashing import table_digest
from steps.data.settings import SourceSettings
from steps.data.source import read_table
from tests.chaos.proxy import Mode, Proxy, before
from tests.integration.serving.conftest import MakeSpec
from tests.integration.serving.shipping import ask, ids, metric
from tests.integration.stacks.store import KEY, SECRET, Store, store_in
from tests.unit.data.tables import customers


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store itself, with a table in it."""
    with store_in(tmp_path_factory.mktemp("rclone"), "--vfs-write-back", "0s") as found:
        customers().to_parquet(found.root / "bucket" / "customers.parquet")
        yield found


@pytest.fixture
def proxy(store: Store, tmp_path: Path) -> Iterator[Proxy]:
    """What stands before it."""
    with before(int(store.endpoint.rpartition(":")[2]), tmp_path, "s3") as found:
        yield found


def begin(home: Path, spec: MakeSpec, proxy: Proxy) -> Endpoint:
    """Serve with a log that is shipped through the proxy half a second after it was written."""
    client = {"endpoint_url": f"http://127.0.0.1:{proxy.port}", "region_name": "us-east-1"}
    options = {"key": KEY, "secret": SECRET, "client_kwargs": client}
    home.mkdir(exist_ok=True)
    # A place of its own for each test.
    uri = f"s3://bucket/{home.parent.name}"
    write_settings(home, LogSettings(uri=uri, options=options, seconds=0.5))
    return serve(home, spec())


def wait_for(store: Store, home: Path, *wanted: str) -> None:
    """Wait until the store's folder holds these rows, each once."""
    folder = store.root / "bucket" / home.parent.name
    while set(ids(folder)) < set(wanted):
        time.sleep(0.05)
    assert sorted(ids(folder)) == sorted(wanted)


@pytest.mark.fault(
    kind="store broken",
    where="the S3 store that the prediction log is shipped to answers 500",
    promise="Requests are answered; rows wait on this machine and are shipped once.",
    then="what ships, by itself",
)
def test_rows_wait_for_a_store_that_answers_500(
    home: Path, spec: MakeSpec, store: Store, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    proxy.set("500")
    endpoint = begin(home, spec, proxy)
    ask(endpoint, "a", "b")
    while not metric(endpoint, "shipping_failures_total"):
        time.sleep(0.05)
    ask(endpoint, "c")
    proxy.set("pass")
    wait_for(store, home, "a", "b", "c")
    assert metric(endpoint, "dropped_rows_total") == 0


@pytest.mark.nightly
@pytest.mark.fault(
    kind="store broken",
    where="the S3 store that the prediction log is shipped to takes the request and says nothing",
    promise="Requests are answered, and the server ends when it is told to; no row is lost.",
    then="the next server's start",
)
def test_a_store_that_hangs_holds_up_neither_an_answer_nor_the_end(
    home: Path, spec: MakeSpec, store: Store, proxy: Proxy
) -> None:
    proxy.set("hang")
    endpoint = begin(home, spec, proxy)
    ask(endpoint, "a")
    while not proxy.faults:
        time.sleep(0.05)
    ask(endpoint, "b")
    assert stop(home)
    proxy.set("pass")
    serve(home, spec())
    wait_for(store, home, "a", "b")


@pytest.mark.fault(
    kind="store broken",
    where="the S3 store that a table is read from answers 500",
    promise="The error names the table's URI, and the store's own word.",
    then="the same command",
)
def test_a_table_in_a_store_that_answers_500_is_named(
    store: Store, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{proxy.port}", "AWS_MAX_ATTEMPTS": "1"}
    for name, value in {**store.environment, **endpoint}.items():
        monkeypatch.setenv(name, value)
    source = SourceSettings(data="s3://bucket/customers.parquet", target="bought")
    for mode in ("500", "down"):
        s3fs.S3FileSystem.clear_instance_cache()
        fail(proxy, mode, source)
    proxy.set("pass")
    s3fs.S3FileSystem.clear_instance_cache()
    assert table_digest(read_table(source)) == table_digest(customers())


def fail(proxy: Proxy, mode: Mode, source: SourceSettings) -> None:
    """Read while the store is broken in this way."""
    proxy.set(mode)
    with pytest.raises(RunError, match=r"'s3://bucket/customers\.parquet' cannot be read: ."):
        read_table(source)
