"""Where a segment lies in the store, so that a window of one model is found without a catalogue.

URI/MODEL/date=YYYY-MM-DD/hour=HH/SEGMENT.jsonl.gz
URI/MODEL/feedback/date=YYYY-MM-DD/hour=HH/SEGMENT.jsonl.gz for labels

Day and hour are those in which the segment was begun, in UTC. A segment is begun anew at least
once an hour, so that the rows of an hour lie in its own directory, in the one before it or, where
they had to wait to be written, in the one behind it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

STAMP, PATH = "%Y%m%dT%H%M%SZ", "date=%Y-%m-%d/hour=%H"
SUFFIX = ".jsonl"
FEEDBACK = "feedback"
HOUR = timedelta(hours=1)


def directory(model: str, begun: datetime, kind: str = "") -> str:
    """The directory of an hour of a model, below the log's URI.

    Args:
        kind: Empty for predictions, or FEEDBACK.
    """
    parts = (quote(model, safe=""), kind, f"{begun.astimezone(UTC):{PATH}}")
    return "/".join(part for part in parts if part)


def place(model: str, segment: str, kind: str = "") -> str:
    """Where a segment lies below the log's URI; the same however often it is shipped.

    Args:
        segment: The segment's file name, which begins with its time.
    """
    begun = datetime.strptime(segment.partition("-")[0], STAMP).replace(tzinfo=UTC)
    return f"{directory(model, begun, kind)}/{segment}.gz"


def bounds(since: datetime, until: datetime) -> tuple[str, str]:
    """The first and the last hour in whose directories the rows of a window can lie."""
    return f"{since.astimezone(UTC) - HOUR:{PATH}}", f"{until.astimezone(UTC) + HOUR:{PATH}}"
