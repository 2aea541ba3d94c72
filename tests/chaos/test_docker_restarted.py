"""The Docker engine goes away under a served model and comes back."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serving.image import ensure_image
from tests.workplace import ROOT

if TYPE_CHECKING:
    from docker import DockerClient

# Of all that the engine starts nothing outlives the script. A shell is the first process, as that
# one has to collect what a killed engine leaves behind: else its containerd seems to live.
APART = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
APART += ["sh", "-c", '"$@"; exit $?', "sh"]


@pytest.mark.nightly
@pytest.mark.fault(
    kind="Docker",
    where="the engine is killed with -9, then restarted, under a served model",
    promise="It is told while it is down; the model answers again with its version at its URL.",
    then="the engine, by itself; the next deployment rolls",
)
def test_a_served_model_comes_back_with_the_engine(
    docker_engine: "DockerClient", base_image: str, tmp_path: Path
) -> None:
    """An engine of its own, in a network of its own: the one of all tests is left alone."""
    image = tmp_path / "image.tar"
    name = ensure_image(docker_engine, base_image)
    subprocess.run(["docker", "save", "--output", str(image), name, base_image], check=True)
    script = [sys.executable, "-m", "tests.chaos.restarted", str(tmp_path), str(image), base_image]
    done = subprocess.run(
        [*APART, *script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    shutil.rmtree(tmp_path / "data", ignore_errors=True)
    image.unlink()
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert "No Docker engine answers" in seen.pop("while down")
    assert seen == {
        "first": "1", "after a kill": "1", "rolled": "2", "after a restart": "2", "same url": True
    }  # fmt: skip
