"""The table's contract, learnt in training and enforced wherever a row enters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import orjson

Kind = Literal["numeric", "categorical", "datetime"]
Task = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True, slots=True)
class Column:
    """One input column of the model.

    Args:
        dtype: How the column was read: float64, int64, str, bool or datetime64.
        missing_share: The share of missing values in the training rows, 0 to 1. A column that was
            never missing in training may not be missing in a request.
        minimum: The smallest training value; of a datetime, in days since `origin`.
        maximum: The largest training value, in the unit of `minimum`.
        categories: The values a categorical column is encoded by, in the order of their codes.
        origin: The ISO date that a datetime is counted from, in days.
        sensitive: Its values are told to nobody: the range is a round one, the examples are made
            up, and logs and messages leave them out.
    """

    name: str
    kind: Kind
    dtype: str
    missing_share: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    origin: str | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns a model reads, in the order of its encoded matrix, and what it answers.

    Args:
        columns: Numeric and datetime columns first, then categorical ones.
        classes: The target's classes in the order of the model's scores; empty in a regression.
        unseen: Whether a category that training did not hold is encoded as "other" or refused.
        examples: A few training rows as JSON values, for smoke tests and documentation.
    """

    task: Task
    target: str
    columns: tuple[Column, ...]
    classes: tuple[str, ...] = ()
    unseen: Literal["other", "refuse"] = "other"
    examples: tuple[Mapping[str, object], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the input columns, in the order of the encoded matrix."""
        return tuple(column.name for column in self.columns)

    @property
    def width(self) -> int:
        """How many scores the model gives a row: one a class, or one value in a regression."""
        return len(self.classes) or 1

    @property
    def sensitive(self) -> frozenset[str]:
        """The names of the sensitive columns."""
        return frozenset(column.name for column in self.columns if column.sensitive)

    def guarding(self, names: Collection[str]) -> TableSchema:
        """The same schema with these columns sensitive as well."""
        columns = (
            replace(each, sensitive=each.sensitive or each.name in names) for each in self.columns
        )
        return replace(self, columns=tuple(columns))

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def to_json(self) -> bytes:
        """The same bytes for the same schema, on every machine."""
        fields = asdict(self)
        # A schema without sensitive columns keeps the bytes, and the digest, that it always had.
        for column in fields["columns"]:
            if not column["sensitive"]:
                del column["sensitive"]
        return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, data: bytes | str) -> TableSchema:
        """Read what `to_json` wrote."""
        fields: dict[str, Any] = orjson.loads(data)
        columns = tuple(
            Column(**{**column, "categories": tuple(column["categories"])})
            for column in fields.pop("columns")
        )
        classes, examples = tuple(fields.pop("classes")), tuple(fields.pop("examples"))
        return cls(columns=columns, classes=classes, examples=examples, **fields)
