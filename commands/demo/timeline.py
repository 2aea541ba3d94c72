"""What happened when: one line an event, on a terminal as in a file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.markup import escape

Kind = Literal["planted", "trained", "verdict", "action", "labels", "canary", "served"]
COLOURS: dict[Kind, str] = {
    "planted": "magenta",
    "trained": "blue",
    "verdict": "yellow",
    "action": "cyan",
    "labels": "cyan",
    "canary": "blue",
    "served": "green",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line.

    Args:
        at: Seconds since the story began.
        evidence: The number behind it, with its threshold.
    """

    at: float
    kind: Kind
    what: str
    evidence: str = ""


class TimeLine:
    """Prints each event as it comes, unless told to be quiet, and keeps them all."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self.events: list[Event] = []
        self.began = time.monotonic()
        self._console, self._quiet = console, quiet

    @property
    def seconds(self) -> float:
        """How long the story has lasted."""
        return time.monotonic() - self.began

    def add(self, kind: Kind, what: str, evidence: str = "") -> None:
        """Something has happened."""
        event = Event(round(self.seconds, 1), kind, what, evidence)
        self.events.append(event)
        if not self._quiet:
            self._print(event)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Show on a terminal what takes its time."""
        if self._quiet or not self._console.is_terminal:
            yield
            return
        with self._console.status(f"{what} ..."):
            yield

    def _print(self, event: Event) -> None:
        colour = COLOURS[event.kind]
        head = f"{event.at:6.1f} s  [{colour}]{event.kind:<8}[/{colour}]  {escape(event.what)}"
        # On a terminal the evidence stands below; in a file each event is one line.
        gap = f"\n{' ' * 20}" if self._console.is_terminal else "  "
        tail = f"{gap}[dim]{escape(event.evidence)}[/dim]" if event.evidence else ""
        self._console.print(f"{head}{tail}", highlight=False, soft_wrap=True)
