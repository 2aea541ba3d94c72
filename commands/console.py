"""Where output goes: results to standard output, the rest beside it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import IO, Any, cast

from rich.console import Console

# A pipe or a file has no width: a table is then as wide as its cells.
PIPED_WIDTH = 240


class Direct:
    """A stream as it is without ZenML, which puts a step's name before whatever a step prints.

    It also keeps that in the step's log, where bars and colours do not belong.
    """

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write with the stream's own method, past the one that was laid over it."""
        return int(type(self.stream).write(self.stream, text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def direct(stream: IO[str]) -> IO[str]:
    """The same stream, written to past ZenML."""
    return cast("IO[str]", Direct(stream))


class Beside:
    """Standard error, whatever that is at the time."""

    def write(self, text: str) -> int:
        """Write there, past ZenML."""
        return direct(sys.stderr).write(text)

    def flush(self) -> None:
        """Let it be seen."""
        sys.stderr.flush()


def console_for(options: argparse.Namespace) -> Console:
    """The console of a command; with `--json` it writes beside the document.

    No bar is drawn where ZenML's log would break into it.
    """
    stream = sys.stderr if options.json else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    drawn = False if options.verbose else None
    return Console(file=direct(stream), width=width, force_interactive=drawn)


def print_json(document: Any) -> None:
    """Print one document, indented."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))
