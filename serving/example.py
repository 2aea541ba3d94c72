"""Rows that a model answers, for smoke tests and documentation."""

from __future__ import annotations

from datetime import timedelta

from serving.encoding import json_value, parse_time
from serving.schema import Column, TableSchema

UNSEEN: dict[str, object] = {"str": "other", "bool": False, "int64": 0, "float64": 0.0}


def example_rows(schema: TableSchema) -> list[dict[str, object]]:
    """Rows that the model answers: some of training's, or one made from the columns."""
    if schema.examples:
        return [{name: row.get(name) for name in schema.names} for row in schema.examples]
    return [{column.name: example_value(column) for column in schema.columns}]


def example_value(column: Column) -> object:
    """A value that a column accepts, and that is no row's own."""
    if column.kind == "categorical":
        first = column.categories[:1]
        return json_value(column, first[0]) if first else UNSEEN[column.dtype]
    least = column.minimum or 0.0
    if column.kind == "datetime":
        return (parse_time(column.origin or "1970-01-01") + timedelta(days=least)).isoformat()
    return int(least) if column.dtype == "int64" else least
