"""Which rows are looked through for those worth labelling, and what was found."""

from datetime import datetime

from pydantic import Field, field_validator, model_validator

from serving.errors import ConfigError
from steps.config import Settings
from steps.data.location import refuse_password


class LabelSettings(Settings):
    """The rows that came back labelled, which a training takes beside its table.

    Args:
        uri: Where they lie; empty means `labels` in the artifact store of the stack. Elsewhere the
            environment holds the credentials.
    """

    enabled: bool = True
    uri: str = ""

    @field_validator("uri")
    @classmethod
    def _holds_no_password(cls, uri: str) -> str:
        refuse_password(uri)
        return uri


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


class Kept(Settings):
    """What became of labels that were handed in.

    Args:
        new: Those that were not known.
        known: Those that were.
        open: Rows of the sheet without a label, or labels without a row of the window.
        corrected: Those of the new ones that say otherwise than an earlier label of their row.
        differing: Labels that servers were sent for rows that were labelled otherwise since then:
            left out.
        faulty: Rows that break the champion's contract: left out.
        blank: Those that no model is trained on, since a sensitive value is not known.
        place: Where they lie.
    """

    model: str
    new: int
    known: int
    open: int
    corrected: int = 0
    differing: int = 0
    faulty: int = 0
    blank: int = 0
    place: str
