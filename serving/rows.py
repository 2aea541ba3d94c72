"""The columns of a single row, which most requests are, without a list for each value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from serving.refusals import Values


class OneRow(Mapping[str, Values]):
    """Columns that have one value each.

    Args:
        row: The values by their column's name.
    """

    __slots__ = ("row",)

    def __init__(self, row: dict[str, object]) -> None:
        self.row = row

    def __getitem__(self, name: str) -> Values:
        return (self.row[name],)

    def __iter__(self) -> Iterator[str]:
        return iter(self.row)

    def __len__(self) -> int:
        return len(self.row)
