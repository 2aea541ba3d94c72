"""What was measured with, and on what kind of machine; nothing that names the machine."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

PACKAGES = ("zenml", "mlflow", "scikit-learn", "torch", "onnxruntime", "starlette", "uvicorn")


def header() -> dict[str, Any]:
    """The machine's kind and the versions, as two runs must share them to stand in one table."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
    }


def moment() -> dict[str, Any]:
    """When it was, and how busy the machine was before anything was measured."""
    return {"date": f"{datetime.now(UTC):%Y-%m-%d}", "load": round(os.getloadavg()[0], 1)}
