"""Which Python and which packages a step runs with."""

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version

from steps.caching import ROOT

PINS = ROOT / "requirements.txt"
# Those that decide what a training computes and what its model is converted to.
DECIDING = ("scikit-learn", "torch", "numpy", "pandas", "skl2onnx", "onnx", "onnxruntime")


def environment() -> str:
    """As JSON: Python, the digest of the pins, and the versions that are really there."""
    found = {"python": platform.python_version(), "pins": pins_digest()}
    return json.dumps(found | {name: held for name in DECIDING if (held := _version(name))})


def pins_digest() -> str:
    """The identity of the pins; empty where the step's code came without them."""
    if not PINS.is_file():
        return ""
    return f"sha256:{hashlib.sha256(PINS.read_bytes()).hexdigest()}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
