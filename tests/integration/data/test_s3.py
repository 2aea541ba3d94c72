"""Tables read from a real S3 store."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3fs

from serving.errors import ConfigError, DataError, RunError
from steps.data.fingerprint import fingerprint
from steps.data.hashing import table_digest
from steps.data.settings import SourceSettings
from steps.data.source import read_table
from tests.integration.data.servers import s3
from tests.ports import free_port
from tests.unit.data.tables import customers

KEY, SECRET = "ann", "s3cret-of-ann"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The port of a store and the folder that is its bucket, with the customers in it."""
    root = tmp_path_factory.mktemp("s3") / "buckets"
    folder = root / "shop"
    (folder / "parts" / "year=2024").mkdir(parents=True)
    table = customers()
    table.to_csv(folder / "customers.csv.gz", index=False)
    table.to_parquet(folder / "customers.parquet")
    table[:250].to_parquet(folder / "parts" / "year=2024" / "a.parquet")
    table[250:].to_parquet(folder / "parts" / "year=2024" / "b.parquet")
    (folder / "broken.parquet").write_bytes(b"PAR1")
    with s3(root, KEY, SECRET) as port:
        yield port, folder


@pytest.fixture(autouse=True)
def access(bucket: tuple[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The store and its key, as every S3 client reads them from the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{bucket[0]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # Clients are kept by their arguments, and the environment is none of them.
    s3fs.S3FileSystem.clear_instance_cache()


def source(path: str) -> SourceSettings:
    """Settings for an object of the bucket."""
    return SourceSettings(data=f"s3://shop/{path}", target="bought")


@pytest.mark.parametrize("path", ["customers.csv.gz", "customers.parquet"])
def test_objects_are_read_like_files(path: str) -> None:
    """The table from the store is the table itself."""
    assert table_digest(read_table(source(path))) == table_digest(customers())


@pytest.mark.parametrize("path", ["parts", "parts/"])
def test_a_folder_of_objects_is_one_table(path: str) -> None:
    """Parquet objects below a prefix are read in the order of their names."""
    frame = read_table(source(path))
    assert set(frame["year"]) == {2024}
    assert table_digest(frame.drop(columns="year")) == table_digest(customers())


def test_fingerprints_follow_the_objects() -> None:
    """The store's own tags tell whether an object has changed, even to one of the same size."""
    store = s3fs.S3FileSystem()
    seen = []
    for content in (b"a,bought\n1,2\n", b"a,bought\n1,3\n"):
        store.pipe("shop/changing/other.csv", content)
        seen.append([fingerprint(source(path)) for path in ("changing/other.csv", "changing")])
    assert None not in seen[0]
    assert fingerprint(source("changing/other.csv")) == seen[1][0]
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] != seen[1][1]


def test_an_absent_object_is_named() -> None:
    """What is not there is an error with its address."""
    for path in ("nothing.csv", "nothing.parquet", "nothing/"):
        for ask in (read_table, fingerprint):
            with pytest.raises(DataError, match=f"There is nothing at 's3://shop/{path}'"):
                ask(source(path))


def test_broken_parquet_is_named() -> None:
    """A damaged object is told like a damaged file."""
    with pytest.raises(DataError, match=r"broken\.parquet' is no readable Parquet"):
        read_table(source("broken.parquet"))


def test_a_wrong_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Access refused names the variables to check, not their values."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-one")
    for ask in (read_table, fingerprint):
        with pytest.raises(ConfigError, match=r"may not be read.*AWS_SECRET_ACCESS_KEY") as caught:
            ask(source("customers.parquet"))
        assert "not-the-one" not in str(caught.value)


@pytest.mark.fault(
    kind="store broken",
    where="reading a table from an S3 store where nothing listens",
    promise="The error names the table's URI.",
    then="the next run",
)
def test_a_silent_store_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing listens, the work failed and the address is in the message."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(RunError, match=r"'s3://shop/customers\.parquet' cannot be read"):
        read_table(source("customers.parquet"))


def test_a_missing_driver_is_named() -> None:
    """Without s3fs the message is the line to install it."""
    code = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from steps.data.settings import SourceSettings\n"
        "from steps.data.source import read_table\n"
        "read_table(SourceSettings(data='s3://shop/customers.csv'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ConfigError" in done.stderr
    assert "pip install s3fs" in done.stderr.splitlines()[-1]
