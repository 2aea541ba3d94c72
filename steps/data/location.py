"""Where a table lies, told from one word, path or URI, without opening it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from serving.errors import ConfigError, DataError, near_miss, without_passwords

# The tables that come with the installed packages, and what each is there to predict.
DEMO_TARGETS = {"breast_cancer": "diagnosis", "flights": "late"}
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
COMPRESSED = (".gz", ".zip", ".bz2", ".xz")
SQL = (
    "athena",
    "awsathena",
    "bigquery",
    "clickhouse",
    "cockroachdb",
    "databricks",
    "db2",
    "duckdb",
    "mariadb",
    "mssql",
    "mysql",
    "oracle",
    "postgres",
    "postgresql",
    "redshift",
    "snowflake",
    "sqlite",
    "teradatasql",
    "trino",
)
# The databases that are files.
FILES = ("duckdb", "sqlite")

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)://")
_USERINFO = re.compile(r"(?<=://)([^/@:]*):([^@]*)@")
_SECRET_OPTION = re.compile(r"(?i)\b(\w*(?:password|passwd|pwd|secret|token|sig|key)\w*)=([^&\s]*)")
_VARIABLE = re.compile(r"\$\((\w+)\)")
_BRACED = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Location:
    """One place to read from.

    Args:
        uri: What to open; of a file its path. It may hold credentials: show `shown` instead.
        shown: The place as it may be printed and stored.
    """

    kind: Literal["demo", "file", "object", "sql"]
    uri: str
    shown: str


def locate(data: str) -> Location:
    """Say what kind of place a table's name, path or URI is, with its variables filled in.

    Raises:
        ConfigError: A variable is not set.
        DataError: It is no demo table, and no file or folder of that name exists.
    """
    data = deferred(data)
    shown = masked(data)
    if data in DEMO_TARGETS:
        return Location("demo", data, shown)
    scheme = scheme_of(data)
    if scheme and scheme != "file":
        kind: Literal["sql", "object"] = "sql" if scheme.split("+")[0] in SQL else "object"
        return Location(kind, _filled(data), shown)
    path = _path(_filled(data), shown)
    if not path.exists():
        raise DataError(_absent(data, path))
    return Location("file", str(path), shown)


def _path(text: str, shown: str) -> Path:
    """The path of a file or folder that may be there.

    Raises:
        ConfigError: No file can have such a name.
    """
    try:
        path = Path(text.removeprefix("file://")).expanduser()
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except (OSError, ValueError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"'{shown[:80]}' is no place of a file: {why}.") from None
    return path


def lies_here(data: str) -> bool:
    """Whether a table is a file of this machine, which no other machine can read."""
    if data in DEMO_TARGETS:
        return False
    return scheme_of(deferred(data)).split("+")[0] in ("", "file", *FILES)


def database_file(location: Location) -> Path | None:
    """The file that a database is; None where it is none."""
    if location.kind != "sql" or scheme_of(location.uri).split("+")[0] not in FILES:
        return None
    path = location.uri.partition(":///")[2].partition("?")[0]
    return None if path in ("", ":memory:") else Path(path)


def locate_output(out: str) -> Location:
    """Say where a path or an object store's URI points that need not exist yet.

    Raises:
        ConfigError: It is a database's address, its folder is absent, or a variable is not set.
    """
    scheme, shown = scheme_of(out), masked(out)
    if scheme.split("+")[0] in SQL:
        raise ConfigError(f"'{shown}' is a database: name a file or an object store's URI.")
    if scheme and scheme != "file":
        return Location("object", _filled(deferred(out)), shown)
    path = _path(_filled(deferred(out)), shown).absolute()
    if not path.parent.is_dir():
        raise ConfigError(f"'{shown}' cannot be written: the folder '{path.parent}' is absent.")
    return Location("file", str(path), shown)


def deferred(data: str) -> str:
    """The address with each `${NAME}` as `$(NAME)`.

    ZenML fills the first form in when it compiles a pipeline, and stores what it filled in.
    """
    return _BRACED.sub(r"$(\1)", data)


def scheme_of(data: str) -> str:
    """The scheme of a URI in lower case; empty for a path or a name."""
    found = _SCHEME.match(data)
    return found[1].lower() if found else ""


def masked(text: str) -> str:
    """The text with every password in a URI replaced by stars."""
    return _SECRET_OPTION.sub(r"\1=***", without_passwords(text))


def scrubbed(text: str, location: Location) -> str:
    """The text with the credentials of a place replaced by stars, however they got there."""
    for secret in _secrets(location.uri):
        for form in {secret, unquote(secret)}:
            text = text.replace(form, "***")
    return masked(text)


def lift_password(data: str, variable: str = "SWITCHYARD_DATA_PASSWORD") -> tuple[str, str | None]:
    """Take a password that was typed into a URI out of it, so that no store ever holds it.

    Returns:
        The URI with the variable in its place, and the password to set that variable to; or the
        URI as it was and None.

    Raises:
        ConfigError: It is none that a variable can hold.
    """
    found = _USERINFO.search(data)
    if found is None or not _literal(deferred(found[2])):
        return data, None
    if "\0" in (password := unquote(found[2])):
        raise ConfigError(f"The password in '{masked(data)}' holds a zero byte: write it as it is.")
    return f"{data[: found.start(2)]}$({variable}){data[found.end(2) :]}", password


def refuse_password(data: str) -> None:
    """Refuse a URI with a password in clear: it would be stored with the run.

    Raises:
        ConfigError: It holds one.
    """
    if any(_literal(secret) for secret in _secrets(deferred(data))):
        raise ConfigError(
            f"'{masked(data)}' holds a password in clear, which would be stored with the run. "
            "Set an environment variable and write ${DB_PASSWORD} in its place."
        )


def _secrets(uri: str) -> list[str]:
    """The passwords that a URI holds, as they are written in it."""
    if not scheme_of(uri):
        return []
    found = [match[2] for match in _USERINFO.finditer(uri)]
    return [*found, *(match[2] for match in _SECRET_OPTION.finditer(urlsplit(uri).query))]


def _literal(secret: str) -> bool:
    """Whether a password is written out instead of naming a variable."""
    return bool(secret) and not _VARIABLE.fullmatch(secret)


def _filled(data: str) -> str:
    """The text with each variable replaced; quoted where it stands for a user or password."""
    found = re.match(r"[\w+.-]+://[^@]*@", data) if scheme_of(data) else None
    cut = found.end() if found else 0
    credentials = _VARIABLE.sub(lambda match: quote(_variable(match[1]), safe=""), data[:cut])
    return credentials + _VARIABLE.sub(lambda match: _variable(match[1]), data[cut:])


def _variable(name: str) -> str:
    """The value of an environment variable that the data's address names."""
    value = os.environ.get(name)
    if value is None:
        raise ConfigError(
            f"The data's address names the variable {name}, which is not set: export {name}."
        )
    return value


def _absent(data: str, path: Path) -> str:
    """What to say of a file that is not there: what comes close to it."""
    if "/" not in data and not path.suffix:
        known = (*DEMO_TARGETS, *_tables(Path()))
        return f"'{data}' is neither a demo table nor a file. {near_miss(data, known)}"
    folder = path.parent
    if not folder.is_dir():
        return f"There is no file '{data}': the folder '{folder}' does not exist."
    return f"There is no file '{data}'. In that folder: {near_miss(path.name, _tables(folder))}"


def _tables(folder: Path) -> list[str]:
    """The names in a folder that may hold a table, at most 20."""
    return sorted(entry.name for entry in folder.iterdir() if is_table(entry.name))[:20]


def is_table(name: str) -> bool:
    """Whether a file's name ends as a table's does, compressed or not."""
    return bare_suffix(name) in SUFFIXES


def bare_suffix(name: str) -> str:
    """The suffix of a file's name in lower case, below that of its compression."""
    path = Path(name.lower())
    return (Path(path.stem).suffix or ".csv") if path.suffix in COMPRESSED else path.suffix
