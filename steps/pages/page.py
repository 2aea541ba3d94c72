"""Filling the template of a page, which needs no script and nothing from outside."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steps.evaluation.numbers import limit, show, sign

if TYPE_CHECKING:
    from jinja2 import Environment

    from steps.evaluation.evaluation import Score

TEMPLATES = Path(__file__).parent / "templates"


def fill(template: Path, **values: Any) -> str:
    """Fill a page's template, which may stand on those of this folder; all values are escaped."""
    return str(_environment(template.parent).get_template(template.name).render(**values))


@cache
def _environment(folder: Path) -> Environment:
    """Templates of a folder, compiled once."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=show, signed=sign, span=span, limit=limit, share=share, count="{:,}".format
    )
    return environment


def span(score: Score) -> str:
    """An interval in words."""
    if score.low is None or score.high is None:
        return "no interval"
    return f"{show(score.low)} to {show(score.high)}"


def share(part: float) -> str:
    """A part of a whole as per cent, never rounded down to nothing."""
    return "<0.1%" if 0 < part < 0.0005 else f"{100 * part:.1f}%"
