"""A retraining reads its source anew, where that is no file of this machine: S3, and PostgreSQL."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest
import s3fs
import sqlalchemy

from steps.data.hashing import table_digest
from steps.data.settings import SourceSettings
from steps.data.source import read_table
from tests.integration.data.servers import postgres, s3
from tests.integration.monitoring.test_loop import OTHER, ask, write_stack
from tests.unit.data.tables import customers
from tests.workplace import Workplace

KEY, SECRET, PASSWORD = "ann", "s3cret-of-ann", "s3/cret@ann"
QUICK = ("candidates=[{name: linear, kind: linear}]", "report.enabled=false", "gate.resamples=200")


@dataclass(frozen=True)
class Source:
    """Where a table lies.

    Args:
        words: Those of a command line that name it.
        environment: What its client finds there.
        write: Puts other rows in the place of those that were there.
    """

    words: tuple[str, ...]
    environment: dict[str, str]
    write: Callable[[pd.DataFrame], None]

    def digest(self) -> str:
        """The digest of its rows as they are now."""
        data, query = self.words[1], self.words[3] if self.words[2:] else None
        with mock.patch.dict("os.environ", self.environment):
            s3fs.S3FileSystem.clear_instance_cache()
            return table_digest(read_table(SourceSettings(data=data, target="bought", query=query)))


def in_s3(folder: Path) -> Iterator[Source]:
    """A table in a bucket of a real server."""
    (folder / "buckets" / "shop").mkdir(parents=True)
    with s3(folder / "buckets", KEY, SECRET) as port:
        url = f"http://127.0.0.1:{port}"
        environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

        def write(rows: pd.DataFrame) -> None:
            store = s3fs.S3FileSystem(endpoint_url=url, key=KEY, secret=SECRET)
            store.pipe("shop/customers.csv", rows.to_csv(index=False).encode())

        yield Source(("--data", "s3://shop/customers.csv"), environment, write)


def in_postgres(_: Path) -> Iterator[Source]:
    """A table of a real database."""
    # The server's own user cannot enter the folders that pytest makes.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        with postgres(folder, PASSWORD) as port:
            place = ("127.0.0.1", port, "postgres")
            url = sqlalchemy.URL.create("postgresql", "ann", PASSWORD, *place)
            engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)

            def write(rows: pd.DataFrame) -> None:
                rows.to_sql("customers", engine, index=False, if_exists="replace")

            address = f"postgres://ann:${{DB_PASSWORD}}@127.0.0.1:{port}/postgres"
            words = ("--data", address, "--query", "select * from customers")
            yield Source(words, {"DB_PASSWORD": PASSWORD}, write)
    finally:
        shutil.rmtree(folder)


# What a store says of an object decides whether it is read again; a database says nothing.
@pytest.mark.parametrize("place", [in_s3, pytest.param(in_postgres, marks=pytest.mark.nightly)])
def test_a_retraining_reads_the_rows_that_the_source_holds_by_then(
    place: Callable[[Path], Iterator[Source]], workplace: Workplace, tmp_path: Path
) -> None:
    """The champion is wrong about the rows of today, and the next one learnt from them."""
    table = pd.concat([customers().assign(visit=visit) for visit in range(3)])
    turned = table.assign(bought=table["bought"].map(OTHER), visit=table["visit"] + 3)
    with contextmanager(place)(tmp_path) as source:
        source.write(table)
        words = [word for each in QUICK for word in ("--set", each)]
        words += ["--stack", write_stack(tmp_path), *source.words, "--target", "bought"]
        first = workplace.run(*words, "--json", **source.environment)
        assert first.status == 0, first.errors
        digests = [source.digest()]

        source.write(turned)
        digests.append(source.digest())
        ask(first.document, turned.head(400), "request")
        labels = {"id": "request", "row": np.arange(400), "bought": turned["bought"].head(400)}
        pd.DataFrame(labels).to_csv(tmp_path / "labels.csv", index=False)
        words = ["--since", "1h", "--labels", str(tmp_path / "labels.csv"), "--act", "--json"]
        words += ["--set", "monitoring.report=never"]
        done = workplace.run("monitor", *words, **source.environment)
    told = done.document
    assert (told["outcome"], told["action"]["act"]) == ("degraded", "retrain"), done.errors
    assert told["action"]["training"]["champion"] == "2"
    assert told["action"]["training"]["age"] == ""
    assert recorded(workplace) == digests


def recorded(place: Workplace) -> list[str]:
    """The digests of the data of each registered version, as MLflow keeps them."""
    (path,) = place.home.rglob("mlflow.db")
    query = (
        "select value from tags join model_versions on tags.run_uuid = model_versions.run_id "
        "where key = 'data_digest' order by version"
    )
    with closing(sqlite3.connect(path)) as base:
        return [value for (value,) in base.execute(query)]
