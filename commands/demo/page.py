"""The story as one static page, in the form of the gate's: it needs no script and no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from commands.demo.plots import plots
from commands.demo.tale import Check, Tale
from commands.demo.timeline import TimeLine
from steps.pages.page import fill

TEMPLATE = Path(__file__).parent / "templates" / "story.html.j2"
TONES = {"planted": "watch", "verdict": "", "served": "promote"}


def render(line: TimeLine, tale: Tale, found: Sequence[Check]) -> str:
    """The page."""
    failed = [check.part for check in found if not check.passed]
    passed = not failed and not tale.error
    answered = (
        f"{len(tale.answers):,} requests, {sum(a.status != 200 for a in tale.answers)} failed"
    )
    page = {
        "model": "python run.py demo",
        "word": "As planted" if passed else "Otherwise than planted",
        "verdict": "A model lived through a drift and a bad release"
        if passed
        else f"The story came out otherwise: {', '.join(failed)}",
        "tone": "promote" if passed else "refuse",
        "reasons": [
            *([tale.error] if tale.error else []),
            f"{sum(check.passed for check in found)} of {len(found)} parts came as planted, in "
            f"{line.seconds:.0f} seconds.",
            f"{answered}, from the first answer to the last.",
        ],
    }
    drawn = plots(tale, line.events)
    return fill(TEMPLATE, page=page, events=line.events, checks=found, plots=drawn, tones=TONES)
