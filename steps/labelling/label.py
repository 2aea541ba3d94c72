"""A label that came for an answered row, with the row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from serving.errors import DataError
from serving.schema import TableSchema

Features = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Label:
    """What a row turned out to be.

    Args:
        id: The request's.
        row: Its place in the request.
        label: The class's name, or the number as text.
        features: What was asked, each value as text.
        blank: The sensitive columns whose value is not known, without which no model is trained.
        origin: By which way it came.
        at: When it came, ISO 8601; equal labels are one, whenever they came.
    """

    id: str
    row: int
    label: str
    features: Features
    blank: tuple[str, ...] = ()
    origin: str = "label-queue"
    at: str = field(default="", compare=False)

    @property
    def came(self) -> datetime:
        """When it came; before all others where that is not known."""
        return datetime.fromisoformat(self.at) if self.at else datetime.min.replace(tzinfo=UTC)

    @property
    def key(self) -> tuple[str, int]:
        """What names the row."""
        return self.id, self.row

    def value(self, schema: TableSchema) -> str | float:
        """The label as answers are compared with it."""
        return self.label if schema.classes else float(self.label)


def to_lines(labels: Iterable[Label]) -> bytes:
    """The same bytes for the same labels, in whichever order they come."""
    ordered = sorted(labels, key=lambda label: label.key)
    option = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return b"".join(orjson.dumps(asdict(label), option=option) for label in ordered)


def from_lines(data: bytes) -> list[Label]:
    """Read what `to_lines` wrote."""
    found: list[dict[str, Any]] = [orjson.loads(line) for line in data.splitlines()]
    return [Label(**{**each, "blank": tuple(each["blank"])}) for each in found]


def digest_of(data: bytes) -> str:
    """The name of a file of labels."""
    return hashlib.sha256(data).hexdigest()


def alike(labels: Iterable[Label]) -> dict[tuple[str, int], Label]:
    """One label a row of a delivery, which may not contradict itself.

    Raises:
        DataError: Two labels of one row differ.
    """
    found: dict[tuple[str, int], Label] = {}
    for label in labels:
        known = found.get(label.key)
        if known is not None and known.label != label.label:
            raise DataError(
                f"Request '{label.id}', row {label.row}, is labelled '{known.label}' and "
                f"'{label.label}': one of them is wrong. Nothing was stored of it."
            )
        found[label.key] = _fuller(known, label) if known else label
    return found


def latest(labels: Iterable[Label]) -> dict[tuple[str, int], Label]:
    """The label of each row that came last, in whichever order they are given.

    Of those that say the same, the one that knows more of its row.
    """
    found: dict[tuple[str, int], Label] = {}
    for label in sorted(labels, key=lambda each: (each.came, each.label)):
        known = found.get(label.key)
        same = known is not None and known.label == label.label
        found[label.key] = _fuller(known, label) if known and same else label
    return found


def _fuller(known: Label, label: Label) -> Label:
    """The one that knows more of the row, the first of equal ones; it came when the later did."""
    best = label if len(label.blank) < len(known.blank) else known
    return replace(best, at=label.at or known.at)
