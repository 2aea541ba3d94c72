"""The prediction log as the store holds it: which rows a model answered in a window."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from serving.errors import DataError
from serving.shipping.layout import FEEDBACK, directories
from serving.shipping.store import without_secrets

if TYPE_CHECKING:
    from pandas import DataFrame

Options = Mapping[str, Any]

# How far ahead the clock of a server may be.
SKEW = timedelta(minutes=5)


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
    *,
    kind: str = "",
) -> Iterator[dict[str, Any]]:
    """The same rows one by one, file by file, as the log holds them.

    Args:
        kind: Empty for predictions, or FEEDBACK for labels.

    Raises:
        DataError: The store does not answer, or since or until have no time zone.
    """
    if since.tzinfo is None or until.tzinfo is None:
        raise DataError("A window of the prediction log needs times with a time zone.")
    for data in _files(uri, directories(model, since, until, kind), options or {}):
        for line in data.splitlines():
            row = _parsed(line)
            if row is not None and since <= datetime.fromisoformat(row["time"]) < until:
                yield row


def logged_labels(
    uri: str, model: str, since: datetime, options: Options | None = None
) -> dict[tuple[str, int], object]:
    """The labels that servers were sent since a time, by request id and row; the last one counts.

    A label comes after its answer, so that those of a window are all behind its beginning.
    """
    now = datetime.now(UTC)
    rows = log_rows(uri, model, since, now + SKEW, options, kind=FEEDBACK)
    # Several servers may share a store: what came last is told by the time, not by the file.
    ordered = sorted(rows, key=lambda row: datetime.fromisoformat(row["time"]))
    return {(row["id"], row["row"]): row["label"] for row in ordered}


def _files(uri: str, places: Iterable[str], options: Options) -> Iterator[bytes]:
    import fsspec

    try:
        fs, root = fsspec.core.url_to_fs(uri, **{**options, "use_listings_cache": False})
        for directory in places:
            for path in sorted(_listed(fs, f"{root.rstrip('/')}/{directory}")):
                yield gzip.decompress(fs.cat_file(path))
    except Exception as error:  # Drivers raise errors of their own packages.
        words = without_secrets(f"{type(error).__name__}: {error}", uri, options)
        place = without_secrets(uri, uri, options)
        raise DataError(f"The prediction log at '{place}' cannot be read: {words}") from error


def _listed(fs: Any, directory: str) -> list[str]:
    try:
        return [path for path in fs.ls(directory, detail=False) if path.endswith(".jsonl.gz")]
    except FileNotFoundError:
        return []


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A row; None for a line that was torn when its server was killed."""
    try:
        row: dict[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return row
