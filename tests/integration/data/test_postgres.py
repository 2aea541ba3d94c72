"""Tables read from a real PostgreSQL server."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy

from serving.errors import ConfigError, DataError, RunError
from steps.data.dtypes import dtype_name
from steps.data.settings import SourceSettings
from steps.data.source import read_table
from tests.integration.data.servers import postgres
from tests.ports import free_port
from tests.unit.data.tables import customers

PASSWORD = "s3/cret@ann"
QUERY = "select * from customers"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server that holds the customers."""
    # The server's own user cannot enter the folders that pytest makes.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        with postgres(folder, PASSWORD) as port:
            url = sqlalchemy.URL.create(
                "postgresql", "ann", PASSWORD, "127.0.0.1", port, "postgres"
            )
            fill(sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool))
            yield port
    finally:
        shutil.rmtree(folder)


def fill(engine: sqlalchemy.Engine) -> None:
    """Store the customers, and a table with types of PostgreSQL's own."""
    customers().to_sql("customers", engine, index=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "create table typed as select 12.50::numeric as price, date '2024-02-29' as day,"
            " timestamptz '2024-02-29 12:00+02' as moment, true as flag, null::int as gap,"
            " 'a'::varchar as word, interval '2 hours' as wait, gen_random_uuid() as id"
        )


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password where the address names it."""
    monkeypatch.setenv("DB_PASSWORD", PASSWORD)


def source(port: int, query: str | None = QUERY, user: str = "ann") -> SourceSettings:
    """Settings for the server."""
    address = f"postgres://{user}:${{DB_PASSWORD}}@127.0.0.1:{port}/postgres"
    return SourceSettings(data=address, target="bought", query=query)


def test_the_table_comes_back(port: int) -> None:
    """The rows are those that were stored, whatever order the server keeps them in."""
    table = customers()
    frame = read_table(source(port))
    assert frame.dtypes.equals(table.dtypes)
    order = ["age", "income", "since"]
    assert frame.sort_values(order, ignore_index=True).equals(
        table.sort_values(order, ignore_index=True)
    )
    assert read_table(source(port, f"{QUERY} order by age desc")).equals(frame)


def test_types_of_its_own_become_plain_ones(port: int) -> None:
    """Decimals, dates, intervals and identifiers are numbers, times and text."""
    frame = read_table(source(port, "select * from typed"))
    types = [dtype_name(frame[name]) for name in frame]
    times = ["datetime64", "datetime64"]
    assert types == ["float64", *times, "bool", "float64", "str", "float64", "str"]
    assert Decimal(str(frame["price"][0])) == Decimal("12.5")
    assert str(frame["moment"][0]) == "2024-02-29 10:00:00"


def test_signs_in_a_query_are_its_own(port: int) -> None:
    """Per cent signs and colons reach the server as they are."""
    frame = read_table(source(port, "select age::text as a from customers where city like 'O%'"))
    assert 0 < len(frame) < 400


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("select agee from customers", 'refuses the query: column "agee" does not exist$'),
        ("select * from customer", 'relation "customer" does not exist$'),
        ("selct 1", 'syntax error at or near "selct"$'),
        ("delete from customers", "no SELECT"),
    ],
)
def test_wrong_sql_is_told_in_the_servers_words(port: int, query: str, text: str) -> None:
    """The server's first line is the message, and nothing is changed."""
    with pytest.raises(DataError, match=text):
        read_table(source(port, query))
    assert len(read_table(source(port))) == 400


def test_a_wrong_password_is_refused_and_not_shown(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Access refused says so without the password that was tried."""
    monkeypatch.setenv("DB_PASSWORD", "not-the-one")
    with pytest.raises(ConfigError, match=r"lets nobody in.*password authentication") as caught:
        read_table(source(port))
    assert "not-the-one" not in str(caught.value)


def test_an_unknown_user_is_refused(port: int) -> None:
    """A user that does not exist is a matter of access as well."""
    with pytest.raises(ConfigError, match='user "bob"'):
        read_table(source(port, user="bob"))


def test_a_silent_server_is_named() -> None:
    """Where nothing listens, the address is in the message and the password is not."""
    port = free_port()
    with pytest.raises(RunError, match=rf"127\.0\.0\.1:{port}.*does not answer.*refused") as caught:
        read_table(source(port))
    assert PASSWORD not in str(caught.value)


def test_a_missing_driver_is_named(port: int) -> None:
    """Without the driver the message is the line to install it."""
    code = (
        "import sys; sys.modules['psycopg2'] = None\n"
        "from steps.data.settings import SourceSettings\n"
        "from steps.data.source import read_table\n"
        f"read_table(SourceSettings(data='postgresql://127.0.0.1:{port}/p', query='select 1'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ConfigError" in done.stderr
    assert "pip install psycopg2-binary" in done.stderr.splitlines()[-1]
