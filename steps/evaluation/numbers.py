"""How numbers are told in a sentence and in a table."""

from __future__ import annotations


def show(number: float | None) -> str:
    """A measured number with four decimals, fewer digits where it is large; a dash for none."""
    return _told(number, "")


def sign(number: float | None) -> str:
    """A measured number with its sign."""
    return _told(number, "+")


def limit(number: float | None) -> str:
    """A number that a person has set, as it was set."""
    return "-" if number is None else f"{number:g}"


def _told(number: float | None, plus: str) -> str:
    if number is None or number != number:
        return "-"
    size = abs(number)
    if size >= 10:
        return f"{number:{plus},.4g}" if size < 10_000 else f"{number:{plus},.0f}"
    # Below a thousandth four decimals would hide the number.
    return f"{number:{plus}.4f}" if size >= 0.001 or size == 0 else f"{number:{plus}.2g}"
