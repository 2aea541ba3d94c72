"""What is compared, and from how many rows."""

from pydantic import Field

from steps.config import Settings


class ReportSettings(Settings):
    """The report that holds the held-out rows against the training rows.

    Args:
        rows: At most so many rows of each side, drawn by the run's seed; the report's cost and
            size are bounded by it.
    """

    enabled: bool = True
    rows: int = Field(default=5000, ge=100)
