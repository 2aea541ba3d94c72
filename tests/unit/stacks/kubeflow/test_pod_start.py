"""A pod's first words, run as a pod runs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.flavors.kubeflow.pod_start import identified

MODULE = "import os, sys\nprint(os.environ['KFP_RUN_ID'], *sys.argv[1:])\n"
POD = "nightly-x7k2p-system-container-impl-1234567890"


def said(folder: Path, run: str, **environment: str) -> str:
    """What a module prints that asks which run it is in."""
    (folder / "asks.py").write_text(MODULE)
    command = identified([sys.executable, "-m", "asks"], run)
    done = subprocess.run(
        [*command, "--step", "fit"],
        cwd=folder,
        env={**os.environ, "KFP_RUN_ID": "{{$.pipeline_job_name}}", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("run", "identity"),
    [("0f7c-run", "0f7c-run"), ("{{$.pipeline_job_uuid}}", "nightly-x7k2p")],
)
def test_a_run_is_named_by_kubeflow_or_by_its_pod(tmp_path: Path, run: str, identity: str) -> None:
    assert said(tmp_path, run, KFP_POD_NAME=POD) == f"{identity} --step fit"


def test_another_command_is_left_as_it_is() -> None:
    assert identified(["sh", "-c", "true"], "x") == ["sh", "-c", "true"]
