"""What is told to whoever sent a wrong value: the column, the row and what came."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from serving.errors import RequestError, near_miss
from serving.schema import Column

Values = Sequence[object]

LARGEST = float(np.finfo(np.float32).max)


def wrong_names(given: Collection[str], known: Collection[str]) -> RequestError:
    """Tell which column is unknown, with its near misses, or which one is missing."""
    unknown = sorted(set(given) - set(known))
    missing = sorted(set(known) - set(given))
    if unknown:
        message = (
            f"Unknown column {told(unknown[0])}. {near_miss(unknown[0][:200], missing or known)}"
        )
        return RequestError(message, column=unknown[0])
    message = f"Column '{missing[0]}' is missing; a value that is not known is sent as null."
    return RequestError(message, column=missing[0])


def told(value: object) -> str:
    """A value as an error message shows it, cut where it is long."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (list, tuple, dict)):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number beyond 64 bits"
    text = f"'{value}'" if isinstance(value, str) else format(value)
    return text if len(text) <= 60 else text[:56] + "..." + text[-1]


def shown(column: Column, value: object) -> str:
    """A column's value as an error message shows it; of a sensitive column only its type."""
    if not column.sensitive or value is None:
        return told(value)
    known = {bool: "true or false", str: "text", list: "a list", tuple: "a list", dict: "an object"}
    return known.get(type(value), "another number")


def mistyped(
    column: Column, values: Values, accepted: Collection[type], wanted: str
) -> RequestError:
    """Tell which value has another type than its column."""
    row = next(i for i, value in enumerate(values) if type(value) not in accepted)
    name = column.name
    if values[row] is None:
        message = f"Column '{name}' may not be null: it was never missing in training (row {row})."
    else:
        message = f"Column '{name}' holds {wanted}; row {row} holds {shown(column, values[row])}."
    return RequestError(message, column=name)


def infinite(column: Column, values: Values) -> RequestError | None:
    """Tell which number is infinite, too large or not a number, if one is."""
    for row, value in enumerate(values):
        if isinstance(value, (int, float)) and not abs(value) <= LARGEST:
            name = column.name
            message = (
                f"Column '{name}' must hold finite 32-bit numbers; "
                f"row {row} holds {shown(column, value)}."
            )
            return RequestError(message, column=name)
    return None


def ragged(name: str, count: int, first: str, expected: int) -> RequestError:
    """Tell that a column is longer or shorter than the first."""
    message = f"Column '{name}' has {count} rows where '{first}' has {expected}."
    return RequestError(message, column=name)
