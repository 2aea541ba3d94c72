"""How numbers are told in a sentence."""

from __future__ import annotations


def show(number: float | None) -> str:
    """A number with four significant digits; a dash where there is none."""
    return "-" if number is None or number != number else f"{number:.4g}"


def sign(number: float | None) -> str:
    """A number with its sign and four significant digits."""
    return "-" if number is None or number != number else f"{number:+.4g}"
