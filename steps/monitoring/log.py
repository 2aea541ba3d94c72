"""The prediction log as the store holds it: which rows a model answered in a window."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from serving.errors import DataError
from serving.shipping.layout import FEEDBACK, HOUR, directories, directory
from serving.shipping.store import without_secrets

if TYPE_CHECKING:
    from pandas import DataFrame

Options = Mapping[str, Any]
# The directories to look into, given a store and its root.
Places = Callable[[Any, str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class LoggedRows:
    """The rows of a window in the order in which they were answered.

    Args:
        answers: One line a row: id and row, which name it; time, model, version and ms; label and
            scores, or in a regression prediction.
        features: What came, under the same index; a column that only some rows have is null in the
            others.
    """

    answers: DataFrame
    features: DataFrame


def read_log(
    uri: str, model: str, since: datetime, until: datetime, options: Options | None = None
) -> LoggedRows:
    """The rows that a model answered from `since` on and before `until`.

    Args:
        uri: What the deployer ships to, `predictions` in the artifact store where it says nothing.
        options: What the store's fsspec driver takes.
    """
    import pandas as pd

    rows = sorted(log_rows(uri, model, since, until, options), key=lambda row: row["time"])
    features = pd.DataFrame([row.pop("features") for row in rows])
    answers = pd.DataFrame(rows)
    if rows:
        answers["time"] = pd.to_datetime(answers["time"], utc=True, format="ISO8601")
    return LoggedRows(answers, features)


def log_rows(
    uri: str,
    model: str,
    since: datetime,
    until: datetime,
    options: Options | None = None,
) -> Iterator[dict[str, Any]]:
    """The same rows one by one, file by file, as the log holds them.

    Raises:
        DataError: The store does not answer, or since or until have no time zone.
    """
    if since.tzinfo is None or until.tzinfo is None:
        raise DataError("A window of the prediction log needs times with a time zone.")
    places = directories(model, since, until)
    for row in _rows(uri, lambda _, __: places, options or {}):
        if since <= datetime.fromisoformat(row["time"]) < until:
            yield row


def logged_labels(
    uri: str, model: str, since: datetime, options: Options | None = None
) -> dict[tuple[str, int], object]:
    """The labels that servers were sent since a time, by request id and row; the last one counts.

    A label comes after its answer, so that those of a window are all behind its beginning.
    """
    first = directory(model, since - HOUR, FEEDBACK)
    rows = _rows(uri, lambda fs, root: _hours(fs, root, first), options or {})
    # Several servers may share a store: what came last is told by the time, not by the file.
    timed = ((datetime.fromisoformat(row["time"]), row) for row in rows)
    ordered = sorted((pair for pair in timed if pair[0] >= since), key=lambda pair: pair[0])
    return {(row["id"], row["row"]): row["label"] for _, row in ordered}


def _hours(fs: Any, root: str, first: str) -> Iterator[str]:
    """The directories that a store holds from one hour on, in the order of time.

    They are looked for there, since a window of long ago would have too many that are not.
    """
    kind, day, _ = first.rsplit("/", 2)
    for held in _listed(fs, f"{root}/{kind}"):
        if held.rpartition("/")[2] >= day:
            hours = ("/".join(path.split("/")[-2:]) for path in _listed(fs, held))
            yield from (place for hour in hours if (place := f"{kind}/{hour}") >= first)


def _rows(uri: str, places: Places, options: Options) -> Iterator[dict[str, Any]]:
    for data in _files(uri, places, options):
        rows = (_parsed(line) for line in data.splitlines())
        yield from (row for row in rows if row is not None)


def _files(uri: str, places: Places, options: Options) -> Iterator[bytes]:
    import fsspec

    try:
        fs, root = fsspec.core.url_to_fs(uri, **{**options, "use_listings_cache": False})
        root = root.rstrip("/")
        for place in places(fs, root):
            files = _listed(fs, f"{root}/{place}")
            for path in (path for path in files if path.endswith(".jsonl.gz")):
                yield gzip.decompress(fs.cat_file(path))
    except Exception as error:  # Drivers raise errors of their own packages.
        words = without_secrets(f"{type(error).__name__}: {error}", uri, options)
        place = without_secrets(uri, uri, options)
        raise DataError(f"The prediction log at '{place}' cannot be read: {words}") from error


def _listed(fs: Any, path: str) -> list[str]:
    try:
        return sorted(held.rstrip("/") for held in fs.ls(path, detail=False))
    except FileNotFoundError:
        return []


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A row; None for a line that was torn when its server was killed."""
    try:
        row: dict[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return row
