"""A container's health check: whether its server is ready, as an exit status."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from serving.client import ask
from serving.container import port
from serving.state import read_state


def main() -> int:
    """0 when the server says that it is ready."""
    state = read_state(Path(os.environ["SWITCHYARD_HOME"]))
    if state is None:
        return 1
    inside = replace(state.server, host="127.0.0.1", port=port(os.environ))
    answer = ask(replace(state, server=inside), "GET", "/readyz", timeout=4.0)
    return 0 if answer is not None and answer[0] == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
