"""The environments of the peers, each built once in the user's cache directory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.process import ROOT
from serving.seldon_environment import folder, identity

# What the stages of a training stand on, whoever calls them.
STAGES = "scikit-learn==1.9.1\npandas==3.0.6\npyarrow==25.0.1\n"
# The newest scikit-learn that takes the numpy 1 of the Seldon microservice.
PEERS = {
    "mlserver": "mlserver==1.7.1\nmlserver-sklearn==1.7.1\nscikit-learn==1.9.1\n",
    "bentoml": "bentoml==1.4.39\nscikit-learn==1.9.1\n",
    "seldon": "scikit-learn==1.7.2\nscipy==1.15.3\njoblib==1.5.2\nthreadpoolctl==3.6.0\n",
    "metaflow": "metaflow==2.19.39\n" + STAGES,
    # A later FastAPI no longer has what this Prefect calls.
    "prefect": "prefect==3.8.8\nfastapi==0.139.0\n" + STAGES,
    "dagster": "dagster==1.13.29\n" + STAGES,
    "kedro": "kedro==1.7.0\nkedro-datasets==9.6.0\n" + STAGES,
}


def python(name: str) -> Path:
    """The Python of a peer's environment, which is built first where it is not."""
    asked = PEERS[name]
    if name == "seldon":
        asked = (ROOT / "serving" / "seldon-requirements.txt").read_text("utf-8") + asked
    place = folder(os.environ) / f"benchmark-{name}-{identity(asked.encode())}"
    if not (place / "built").exists():
        build(place, asked, whole=name == "seldon")
    return place / "bin" / "python"


def build(place: Path, asked: str, *, whole: bool) -> None:
    """Build an environment from nothing.

    Args:
        whole: What is asked for is all there is to install, and not every package agrees.
    """
    print(f"building {place}", file=sys.stderr)
    shutil.rmtree(place, ignore_errors=True)
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
    list_ = place / "asked.txt"
    list_.write_text(asked, encoding="utf-8")
    words = ["--quiet", "--compile-bytecode", *(["--no-deps"] if whole else [])]
    words += ["--python", str(place / "bin" / "python"), "-r", str(list_)]
    subprocess.run([*uv, "pip", "install", *words], check=True)
    (place / "built").touch()
