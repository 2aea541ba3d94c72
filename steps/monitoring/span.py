"""Times as people say them: 24h back, or 2026-01-31T08:00."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from serving.errors import ConfigError

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SPAN = re.compile(r"([0-9]+)([mhdw])")


def moment(text: str, end: datetime, option: str) -> datetime:
    """A time: ISO 8601, or a span back from the end such as 90m, 24h, 7d or 2w."""
    try:
        if span := SPAN.fullmatch(text.strip()):
            return end - timedelta(**{UNITS[span[2]]: int(span[1])})
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.astimezone()
    except (ValueError, OverflowError):  # The last of a span that begins before all calendars.
        raise ConfigError(
            f"{option} '{text}' is no time: write 90m, 24h, 7d, 2w or 2026-01-31T08:00."
        ) from None
