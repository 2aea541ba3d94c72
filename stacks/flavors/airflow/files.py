"""The files by which Airflow gets to know a pipeline: an archive with a program and a token."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

# By this among its tags a DAG is known as one of these.
TAG = "switchyard"
PROGRAM, CONFIG = "dag.py", "config.json"


def write(path: Path, program: bytes, config: str, mode: int) -> None:
    """Write an archive whole, so that Airflow reads none that is half written.

    Args:
        mode: Who may read it; its group is that of the directory, where that can be had.
    """
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        with ZipFile(stream, "w") as archive:
            archive.writestr(PROGRAM, program)
            archive.writestr(CONFIG, config)
        with suppress(PermissionError):
            os.fchown(descriptor, -1, path.parent.stat().st_gid)
        os.fchmod(descriptor, mode)
    part.replace(path)


def read(path: Path) -> dict[str, Any] | None:
    """What an archive says of its DAG; None where it is none of these."""
    try:
        with ZipFile(path) as archive:
            found = json.loads(archive.read(CONFIG))
    except (OSError, BadZipFile, KeyError, ValueError):
        return None
    return found if isinstance(found, dict) and TAG in found.get("tags", ()) else None


def ours(folder: Path) -> dict[str, Path]:
    """The DAGs of a directory that begin no run any more, each with its file."""
    found = {path: config for path in folder.glob("*.zip") if (config := read(path))}
    return {str(config["id"]): path for path, config in found.items() if is_over(config)}


def is_over(config: dict[str, Any]) -> bool:
    """Whether a DAG is of one run, or its schedule has ended."""
    end = config.get("end_date")
    return config["schedule"] == "@once" or bool(end and _time(end) <= datetime.now(UTC))


def ended(path: Path, mode: int) -> bool:
    """Write an archive anew so that no run of it begins any more; one that has begun goes on.

    False where there is none.
    """
    config = read(path)
    if config is None:
        return False
    with ZipFile(path) as archive:
        program = archive.read(PROGRAM)
    if not is_over(config):
        # An end that has passed stays: a later one would let Airflow make up for more.
        config["end_date"] = datetime.now(UTC).isoformat()
    write(path, program, json.dumps(config), mode)
    return True


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
