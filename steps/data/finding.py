"""What validation found out about a table."""

from typing import Literal

from serving.errors import DataError
from serving.schema import Kind, Task
from steps.config import Settings
from steps.data.settings import FindingKind, ValidationSettings

# In a table's `attrs`: how many of its last rows came back labelled.
LABELLED = "labelled"


class Finding(Settings):
    """One thing worth knowing about a table that does not end the run.

    Args:
        level: A warning may well spoil the model; a note is good to know.
        column: The column it is about; empty where it is about the table.
    """

    kind: FindingKind
    level: Literal["note", "warning"]
    column: str = ""
    text: str


class Checks(Settings):
    """What validation settled about a table, for the steps behind it.

    Args:
        rows: How many rows have a target.
        unlabelled: How many rows have none and are left out.
        features: The columns that a model reads and how each is encoded, in the table's order.
        identity: The columns whose values say which side of the split a row is on.
        sensitive: The features whose values are told to nobody.
    """

    task: Task
    target: str
    rows: int
    unlabelled: int
    features: dict[str, Kind]
    identity: tuple[str, ...]
    sensitive: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that may spoil the model."""
        return tuple(finding for finding in self.findings if finding.level == "warning")


def note(kind: FindingKind, text: str, column: str = "") -> Finding:
    """A finding that is good to know."""
    return Finding(kind=kind, level="note", column=column, text=text)


def warn(kind: FindingKind, text: str, column: str = "") -> Finding:
    """A finding that may well spoil the model."""
    return Finding(kind=kind, level="warning", column=column, text=text)


def enforce(findings: list[Finding], settings: ValidationSettings) -> None:
    """End the run over the findings that the settings refuse.

    Raises:
        DataError: There is one.
    """
    refused = [finding.text for finding in findings if finding.kind in settings.refuse]
    if refused:
        raise DataError(" ".join(refused) + " Refused by validation.refuse.")


def share(part: float, whole: int) -> str:
    """A part of a whole as per cent, never rounded down to nothing."""
    per_cent = 100 * part / whole
    return "under 0.1%" if 0 < per_cent < 0.1 else f"{per_cent:.1f}%"
