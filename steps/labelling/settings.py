"""Which rows are looked through for those worth labelling, and what was found."""

from datetime import datetime

from pydantic import Field, model_validator

from serving.errors import ConfigError
from steps.config import Settings


class QueueSettings(Settings):
    """Which rows of the prediction log are looked through, and how many are asked for.

    Args:
        seed: Decides between rows that are worth the same.
    """

    since: datetime
    until: datetime
    count: int = Field(default=50, ge=1, le=1000)
    seed: int = 0

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "QueueSettings":
        if self.since >= self.until:
            raise ConfigError(f"The window ends ({self.until}) before it begins ({self.since}).")
        return self


class Queued(Settings):
    """What was looked through.

    Args:
        rows: All rows of the window.
        answered: Those that the champion answered.
        labelled: Those of them that have a label already.
        picked: Those to be labelled.
        blank: The sensitive columns, which the log does not hold.
    """

    model: str
    version: str
    rows: int
    answered: int
    labelled: int
    picked: int
    blank: tuple[str, ...] = ()
