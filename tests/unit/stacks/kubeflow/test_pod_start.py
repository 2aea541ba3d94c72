"""A pod's first words, run as a pod runs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.flavors.dealing.start import in_turn
from stacks.flavors.kubeflow.pod_start import identified

MODULE = "import os, sys\nprint(os.environ['KFP_RUN_ID'], *sys.argv[1:])\n"
POD = "nightly-x7k2p-system-container-impl-1234567890"


def said(folder: Path, run: str, **environment: str) -> str:
    """What a module prints that asks which run it is in."""
    (folder / "asks.py").write_text(MODULE)
    command = identified([sys.executable, "-m", "asks"], run, ["load", "fit"])
    done = subprocess.run(
        [*command, "--snapshot", "7"],
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
    lines = said(tmp_path, run, KFP_POD_NAME=POD).splitlines()
    words = [f"{identity} --snapshot 7 --step_name {step}" for step in ("load", "fit")]
    assert lines == words


def test_the_first_step_that_fails_ends_the_pod(tmp_path: Path) -> None:
    """What follows it in the same pod is not begun."""
    (tmp_path / "asks.py").write_text("import sys\nprint(sys.argv[-1])\nsys.exit(3)\n")
    command = identified([sys.executable, "-m", "asks"], "run", ["load", "fit"])
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "load\n")


def test_steps_run_in_turn_where_nobody_has_to_be_told_of_the_run(tmp_path: Path) -> None:
    """A container of this machine has its run's identity in its environment."""
    (tmp_path / "asks.py").write_text("import sys\nprint(*sys.argv[1:])\n")
    command = in_turn([sys.executable, "-m", "asks"], ["load", "fit"])
    done = subprocess.run(
        [*command, "--snapshot", "7"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [
        f"--snapshot 7 --step_name {step}" for step in ("load", "fit")
    ]


def test_another_command_is_left_as_it_is() -> None:
    assert identified(["sh", "-c", "true"], "x", ["a"]) == ["sh", "-c", "true"]
    assert in_turn(["sh", "-c", "true"], ["a"]) == ["sh", "-c", "true"]
