"""A version that a container tries from its start on, beside the one that serves elsewhere.

It answers every request that comes here, and the other version scores it beside: so a cluster that
splits the traffic itself learns how far both agree.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from serving.spec import ServiceSpec, Traffic
from serving.state import write_private
from serving.versions import place

FILE = "trial.json"


def keep(home: Path, spec: ServiceSpec, tolerance: float) -> None:
    """Fetch a version and have the home's server try it; what is there is not fetched again."""
    if (held := read(home)) and held["digest"] == spec.digest:
        return
    traffic = asdict(Traffic("canary", 1.0, tolerance=tolerance))
    wanted = {"bundle": place(home, spec), "version": spec.version, "digest": spec.digest}
    write_private(home / FILE, orjson.dumps({**wanted, "traffic": traffic}))


def read(home: Path) -> dict[str, Any] | None:
    """What a home's server is to try; None where it is to try nothing."""
    try:
        held: dict[str, Any] = orjson.loads((home / FILE).read_bytes())
    except FileNotFoundError:
        return None
    return held


def forget(home: Path) -> None:
    """Have the home's server try nothing."""
    (home / FILE).unlink(missing_ok=True)
