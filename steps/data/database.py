"""Tables that a database answers a query with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd

from serving.errors import ConfigError, DataError, RunError, SwitchyardError, near_miss
from steps.data.dtypes import normalise, refuse_duplicates
from steps.data.hashing import row_hash
from steps.data.location import SQL, Location, database_file, scheme_of, scrubbed

# The package that brings each driver or dialect that SQLAlchemy does not.
PACKAGES = {
    "psycopg2": "psycopg2-binary",
    "psycopg": "psycopg[binary]",
    "asyncpg": "psycopg2-binary",
    "MySQLdb": "mysqlclient",
    "pymysql": "pymysql",
    "oracledb": "oracledb",
    "cx_Oracle": "oracledb",
    "pyodbc": "pyodbc",
    "duckdb": "duckdb-engine",
    "snowflake": "snowflake-sqlalchemy",
    "bigquery": "sqlalchemy-bigquery",
    "redshift": "sqlalchemy-redshift",
    "clickhouse": "clickhouse-sqlalchemy",
    "databricks": "databricks-sqlalchemy",
    "trino": "trino",
}


def read_sql(location: Location, query: str | None) -> pd.DataFrame:
    """The rows a query answers, in an order of their own, as databases promise none.

    Raises:
        ConfigError: The query is missing, a driver is not installed or access is refused.
        DataError: The database refuses the query.
        RunError: The database does not answer.
    """
    asked = _required(location, query)
    with _connected(location) as connection:
        names, rows = _answer(connection, location, asked)
    refuse_duplicates(names, "The query's answer")
    frame = normalise(pd.DataFrame.from_records(rows, columns=names, coerce_float=True))
    return frame.iloc[row_hash(frame, names).argsort(kind="stable")].reset_index(drop=True)


def stream_sql(
    location: Location, query: str | None, rows: int
) -> Iterator[tuple[list[str], list[Any]]]:
    """The rows a query answers, some at a time and in the order in which they come.

    Args:
        rows: The most rows at a time.

    Raises:
        ConfigError, DataError, RunError: As `read_sql` does.
    """
    asked = _required(location, query)
    with _connected(location) as connection:
        streamed = connection.execution_options(stream_results=True, max_row_buffer=rows)
        with _refused(location):
            result = streamed.exec_driver_sql(asked, execution_options={"no_parameters": True})
            names = list(result.keys())
            refuse_duplicates(names, "The query's answer")
            while found := [tuple(row) for row in result.fetchmany(rows)]:
                yield names, found


def _required(location: Location, query: str | None) -> str:
    """The query, which a database cannot do without."""
    if not query or not query.strip():
        raise ConfigError(
            f"'{location.shown}' is a database: say which rows to read with --query 'SELECT ...'."
        )
    return query


def _answer(connection: Any, location: Location, query: str) -> tuple[list[str], list[Any]]:
    """The names and rows of a query; nothing that it changes is committed."""
    with _refused(location):
        # A percent sign in the query is its own, no placeholder.
        result = connection.exec_driver_sql(query, execution_options={"no_parameters": True})
        return list(result.keys()), [tuple(row) for row in result.fetchall()]


@contextmanager
def _refused(location: Location) -> Iterator[None]:
    """Say what the database has against a query."""
    from sqlalchemy.exc import ResourceClosedError, SQLAlchemyError

    try:
        yield
    except ResourceClosedError as error:
        raise DataError("The query answers no rows: it is no SELECT.") from error
    except SQLAlchemyError as error:
        words = _first_line(location, error)
        raise DataError(f"'{location.shown}' refuses the query: {words}") from error


@contextmanager
def _connected(location: Location) -> Iterator[Any]:
    """A connection that is closed in any case."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    _refuse_absent_file(location)
    try:
        engine = create_engine(_url(location), poolclass=NullPool)
        connection = engine.connect()
    except Exception as error:
        raise _not_connected(location, error) from error
    try:
        yield connection
    finally:
        connection.close()
        engine.dispose()


def _url(location: Location) -> str:
    """The address as SQLAlchemy wants it."""
    scheme, _, rest = location.uri.partition("://")
    return (
        f"{scheme.replace('postgres', 'postgresql') if scheme == 'postgres' else scheme}://{rest}"
    )


def _not_connected(location: Location, error: Exception) -> SwitchyardError:
    """What to raise when no connection came about."""
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    scheme = scheme_of(location.uri)
    if isinstance(error, ModuleNotFoundError | NoSuchModuleError):
        missing = getattr(error, "name", None) or scheme.split("+")[0]
        package = PACKAGES.get(missing, PACKAGES.get(scheme.split("+")[-1], missing))
        return ConfigError(
            f"'{location.shown}' needs a driver that is not installed: pip install {package}"
        )
    if isinstance(error, ArgumentError):
        known = near_miss(scheme, SQL)
        return ConfigError(f"'{location.shown}' is no database's address. {known}")
    words = _first_line(location, error)
    if any(word in words.lower() for word in ("password", "authentication", "denied", "role ")):
        return ConfigError(f"'{location.shown}' lets nobody in: {words}")
    return RunError(f"'{location.shown}' does not answer: {words}")


def _refuse_absent_file(location: Location) -> None:
    """Refuse a SQLite file that is not there: SQLite would create an empty one."""
    path = database_file(location)
    if scheme_of(location.uri).startswith("sqlite") and path and not path.is_file():
        raise DataError(f"There is no SQLite database '{path}'.")


def _first_line(location: Location, error: Exception) -> str:
    """The first line of the database's own words, with no credential in it."""
    origin = getattr(error, "orig", None) or error
    lines = scrubbed(str(origin), location).strip().splitlines()
    return lines[0] if lines else type(origin).__name__
