"""Where output goes: results to standard output, the rest beside it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from rich.console import Console


def console_for(options: argparse.Namespace) -> Console:
    """The console of a command; with `--json` it writes beside the document."""
    return Console(
        file=sys.stderr if options.json else sys.stdout, soft_wrap=not sys.stdout.isatty()
    )


def print_json(document: Any) -> None:
    """Print one document, indented."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))
