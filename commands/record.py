"""What the last run answered, so that the same question needs no second run.

A record answers only while everything it stands on is as it was: the words of the command, the
data, the code, the pins, the run config, the stack file and ZenML's settings by content, and the
databases of ZenML and MLflow by size and time of change. Nothing heavy is imported for that.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import platform
import ssl
from collections.abc import Collection, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
CODE = ("run.py", "commands", "pipelines", "steps", "stacks", "serving")
WORDS = ("stack", "config", "data", "query", "target", "task", "model", "set", "no_deploy")
HOME_VARIABLES = ("ZENML_CONFIG_PATH", "ZENML_LOCAL_STORES_PATH", "HOME")
SECONDS = 2.0
# In bytes. ZenML rewrites its settings whenever it is asked anything: they are told by content.
SMALL = 65_536


def question(options: argparse.Namespace) -> str:
    """The identity of what was asked for: the words, and whose stores answer."""
    words = {word: getattr(options, word) for word in WORDS}
    homes = {name: os.environ.get(name) for name in HOME_VARIABLES}
    return _digest([json.dumps([words, homes, str(Path.cwd())], sort_keys=True).encode()])


def fingerprint(data: str, files: Iterable[Path], stack: str = "") -> str:
    """The identity of all that a run computes from.

    Args:
        data: The fingerprint of the table's source.
        files: The run config.
        stack: What the stack file asks for, with its variables filled in.
    """
    code = [ROOT / "requirements.txt", *code_files(), *files]
    parts = [data.encode(), stack.encode(), platform.python_version().encode()]
    for path in code:
        parts += [path.as_posix().encode(), path.read_bytes()]
    return _digest(parts)


def remember(key: str, identity: str, stores: Iterable[Path], answer: dict[str, Any]) -> None:
    """Keep an answer for as long as nothing that it stands on changes."""
    stores = list(stores)
    for store in stores:
        _settle(store)
    record = {"fingerprint": identity, "stores": _states(stores), "answer": answer}
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    draft = place / f"{key}.{os.getpid()}.tmp"
    draft.write_text(json.dumps(record), encoding="utf-8")
    draft.replace(place / f"{key}.json")


def recall(key: str, identity: str) -> dict[str, Any] | None:
    """The kept answer, when it still stands and the served model still answers."""
    try:
        record: dict[str, Any] = json.loads((folder() / f"{key}.json").read_text(encoding="utf-8"))
        stores = [Path(name) for name in record["stores"]]
        stands = record["fingerprint"] == identity and record["stores"] == _states(stores)
        answer: dict[str, Any] = record["answer"]
        return answer if stands and _still_served(answer) else None
    except (OSError, ValueError, KeyError):
        return None


def folder() -> Path:
    """Where this program keeps what it knows of its own runs."""
    return Path(os.environ.get("SWITCHYARD_HOME", ROOT / ".switchyard"))


def _still_served(answer: dict[str, Any]) -> bool:
    """Whether the version that was deployed answers at its URL."""
    endpoint = answer.get("endpoint")
    if endpoint is None:
        return True
    url = urlsplit(endpoint["url"])
    connection = _connection(url.scheme, url.hostname or "", url.port)
    try:
        connection.request("GET", "/readyz")
        served = json.loads(connection.getresponse().read())
        return all(served.get(key) == endpoint[key] for key in ("name", "version"))
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=SECONDS)
    # Any certificate will do: what is asked is no secret, and the answer is taken for no more than
    # that something answers.
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=anyone)


def _states(stores: Collection[Path]) -> dict[str, str]:
    """The state of each store, its write-ahead log included."""
    logs = [log for store in stores if (log := _log(store)).exists() and log.stat().st_size]
    return {str(path): _state(path) for path in (*filter(Path.exists, stores), *logs)}


def _settle(store: Path) -> None:
    """Bring a write-ahead log into its database now: whoever closes that last would do it later."""
    if _log(store).exists():
        import sqlite3

        with suppress(sqlite3.Error), closing(sqlite3.connect(store, timeout=SECONDS)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _log(store: Path) -> Path:
    return store.with_name(f"{store.name}-wal")


def _state(path: Path) -> str:
    """The content of a small file, size and time of change of a large one."""
    stat = path.stat()
    if stat.st_size <= SMALL:
        return _digest([path.read_bytes()])
    return f"{stat.st_size} {stat.st_mtime_ns}"


def code_files() -> list[Path]:
    """Every file of the project that a run's result depends on."""
    roots = [ROOT / name for name in CODE]
    found = [path for root in roots for path in ([root] if root.is_file() else root.rglob("*"))]
    return sorted(path for path in found if path.suffix in {".py", ".j2", ".txt"})


def _digest(parts: Iterable[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.hexdigest()
