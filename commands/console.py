"""Where output goes: results to standard output, the rest beside it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from rich.console import Console

# A pipe or a file has no width: a table is then as wide as its cells.
PIPED_WIDTH = 240


def console_for(options: argparse.Namespace) -> Console:
    """The console of a command; with `--json` it writes beside the document."""
    stream = sys.stderr if options.json else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else PIPED_WIDTH)


def print_json(document: Any) -> None:
    """Print one document, indented."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))
