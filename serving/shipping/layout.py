"""Where a segment lies in the store, so that a window of one model is found without a catalogue.

URI/MODEL/date=YYYY-MM-DD/hour=HH/SEGMENT.jsonl.gz
URI/MODEL/feedback/date=YYYY-MM-DD/hour=HH/SEGMENT.jsonl.gz for labels

Day and hour are those in which the segment was begun, in UTC. A segment is begun anew at least
once an hour, so that the rows of an hour lie in its own directory, in the one before it or, where
they had to wait to be written, in the one behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

STAMP = "%Y%m%dT%H%M%SZ"
SUFFIX = ".jsonl"
FEEDBACK = "feedback"
HOUR = timedelta(hours=1)


def directory(model: str, begun: datetime, kind: str = "") -> str:
    """The directory of an hour of a model, below the log's URI.

    Args:
        kind: Empty for predictions, or FEEDBACK.
    """
    parts = (quote(model, safe=""), kind, f"{begun.astimezone(UTC):date=%Y-%m-%d/hour=%H}")
    return "/".join(part for part in parts if part)


def place(model: str, segment: str, kind: str = "") -> str:
    """Where a segment lies below the log's URI; the same however often it is shipped.

    Args:
        segment: The segment's file name, which begins with its time.
    """
    begun = datetime.strptime(segment.partition("-")[0], STAMP).replace(tzinfo=UTC)
    return f"{directory(model, begun, kind)}/{segment}.gz"


def directories(model: str, since: datetime, until: datetime) -> Iterator[str]:
    """The directories in which the rows of a window can lie, in the order of time."""
    hour = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - HOUR
    while hour <= until.astimezone(UTC) + HOUR:
        yield directory(model, hour)
        hour += HOUR
