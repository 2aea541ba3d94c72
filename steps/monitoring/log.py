"""The prediction log as the store holds it: which rows a model answered in a window."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from serving.errors import DataError
from serving.schema import TableSchema
from serving.shipping.blocks import rows_of
from serving.shipping.layout import FEEDBACK, bounds
from serving.shipping.store import without_secrets
from steps.monitoring.blocks import parts_of_text
from steps.monitoring.part import Part

if TYPE_CHECKING:
    from pandas import DataFrame

Options = Mapping[str, Any]
# The first and the last directory that is looked into: day and hour.
Hours = tuple[str, str]
# Files that are fetched at once: enough for a store's round trips to overlap, and little memory.
AT_ONCE = 16
FOR_EVER = "date=~"


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
    _require_zone(since, until)
    for row in _rows(uri, model_place(model), bounds(since, until), options or {}):
        if since <= datetime.fromisoformat(row["time"]) < until:
            yield row


def log_parts(
    uri: str,
    model: str,
    since: datetime,
    until: datetime,
    schema: TableSchema,
    options: Options | None = None,
) -> Iterator[Part]:
    """The same rows by column, which reads many of them several times as fast.

    Args:
        schema: The columns that are wanted.

    Raises:
        DataError: The store does not answer, or since or until have no time zone.
    """
    _require_zone(since, until)
    texts = _files(uri, model_place(model), bounds(since, until), options or {})
    yield from parts_of_text(texts, schema, since, until)


def logged_labels(
    uri: str, model: str, since: datetime, options: Options | None = None
) -> dict[tuple[str, int], object]:
    """The labels that servers were sent since a time, by request id and row; the last counts."""
    sent = sent_labels(uri, model, since, options)
    return {key: label for key, (label, _) in sent.items()}


def sent_labels(
    uri: str, model: str, since: datetime, options: Options | None = None
) -> dict[tuple[str, int], tuple[object, datetime]]:
    """The same labels with the time at which each came.

    A label comes after its answer, so that those of a window are all behind its beginning.
    """
    place, (first, _) = f"{model_place(model)}/{FEEDBACK}", bounds(since, since)
    rows = _rows(uri, place, (first, FOR_EVER), options or {})
    # Several servers may share a store: what came last is told by the time, not by the file.
    timed = ((datetime.fromisoformat(row["time"]), row) for row in rows)
    ordered = sorted((pair for pair in timed if pair[0] >= since), key=lambda pair: pair[0])
    return {(row["id"], row["row"]): (row["label"], when) for when, row in ordered}


def model_place(model: str) -> str:
    """The directory of a model below the log's URI."""
    return quote(model, safe="")


def _rows(uri: str, place: str, hours: Hours, options: Options) -> Iterator[dict[str, Any]]:
    for data in _files(uri, place, hours, options):
        yield from rows_of(data)


def _files(uri: str, place: str, hours: Hours, options: Options) -> Iterator[bytes]:
    import fsspec

    try:
        fs, root = fsspec.core.url_to_fs(uri, **{**options, "use_listings_cache": False})
        paths = _paths(fs, f"{root.rstrip('/')}/{place}", hours)
        while some := list(islice(paths, AT_ONCE)):
            held = fs.cat(some)
            yield from (gzip.decompress(held[path]) for path in some)
    except Exception as error:  # Drivers raise errors of their own packages.
        words = without_secrets(f"{type(error).__name__}: {error}", uri, options)
        named = without_secrets(uri, uri, options)
        raise DataError(f"The prediction log at '{named}' cannot be read: {words}") from error


def _paths(fs: Any, folder: str, hours: Hours) -> Iterator[str]:
    """The files of these hours, in the order of time.

    A store is asked once for its days and once a day for its files, however many hours those are.
    """
    first, last = hours
    days = (held.rpartition("/")[2] for held in _listed(fs, folder))
    for day in days:
        if day.startswith("date=") and first.partition("/")[0] <= day <= last.partition("/")[0]:
            for path in sorted(fs.find(f"{folder}/{day}")):
                hour = "/".join(path.split("/")[-3:-1])
                if first <= hour <= last and path.endswith(".jsonl.gz"):
                    yield path


def _listed(fs: Any, path: str) -> list[str]:
    try:
        return sorted(held.rstrip("/") for held in fs.ls(path, detail=False))
    except FileNotFoundError:
        return []


def _require_zone(since: datetime, until: datetime) -> None:
    if since.tzinfo is None or until.tzinfo is None:
        raise DataError("A window of the prediction log needs times with a time zone.")
