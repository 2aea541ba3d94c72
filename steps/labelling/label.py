"""A label that came for an answered row, with the row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
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
    """

    id: str
    row: int
    label: str
    features: Features
    blank: tuple[str, ...] = ()
    origin: str = "label-queue"

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


def merged(labels: Iterable[Label]) -> dict[tuple[str, int], Label]:
    """One label a row; the one that knows more of its row counts, of equal ones the first.

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
        if known is None or len(label.blank) < len(known.blank):
            found[label.key] = label
    return found
