"""The workflows and the environment for conda say what the project says."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def jobs(workflow: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return found


def commands(workflow: Path) -> list[str]:
    """Every line that a workflow runs."""
    steps = [step for job in jobs(workflow).values() for step in job["steps"]]
    return [line for step in steps for line in step.get("run", "").splitlines()]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_target_that_a_workflow_makes_is_there(workflow: Path) -> None:
    made = [
        word
        for line in commands(workflow)
        for words in re.findall(r"\bmake ((?:--silent )?(?:[a-z]+ ?)+)", line)
        for word in words.split()
        if word != "--silent"
    ]
    assert made
    assert set(made) <= TARGETS


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_job_ends_and_every_action_is_one_commit(workflow: Path) -> None:
    for job in jobs(workflow).values():
        assert job["timeout-minutes"] <= 180
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each) for each in used)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_shell_line_can_be_read_by_bash(workflow: Path) -> None:
    """And no value of GitHub's is put into one: they come as variables."""
    for line in commands(workflow):
        assert "${{" not in line
    for job in jobs(workflow).values():
        for step in job["steps"]:
            told = subprocess.run(["bash", "-n", "-c", step.get("run", "")], capture_output=True)
            assert told.stderr == b""


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_secrets_are_named_and_told(workflow: Path) -> None:
    """What is to be set stands in docs/workflows.md; nothing else may look like a credential."""
    text = workflow.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:secrets|vars)\.(\w+)", text))
    page = (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8")
    assert sorted(name for name in named if f"`{name}`" not in page) == []
    secret = re.findall(r"^ +\w*(?:TOKEN|KEY|PASSWORD|SECRET)\w*: (.*)$", text, re.M)
    assert all(re.fullmatch(r"\$\{\{ (secrets\.\w+|github\.token) \}\}", each) for each in secret)


def test_the_variables_of_a_stack_file_are_handed_on(tmp_path: Path) -> None:
    """Those of this project, and no others."""
    steps = jobs(ROOT / ".github" / "workflows" / "promote.yml")["deploy"]["steps"]
    handing = next(step for step in steps if "VARS" in step.get("env", {}))
    kept = {"SWITCHYARD_STACK": "seldon", "SWITCHYARD_S3_BUCKET": "s3://models"}
    values = json.dumps({**kept, "PATH": "/nowhere"})
    environment = {**os.environ, "VARS": values, "GITHUB_ENV": str(tmp_path / "env")}
    subprocess.run(["bash", "-ec", handing["run"]], check=True, env=environment)
    lines = (tmp_path / "env").read_text().splitlines()
    assert dict(line.split("=", 1) for line in lines) == kept


def test_what_reaches_production_needs_an_environment_that_asks() -> None:
    deploy = jobs(ROOT / ".github" / "workflows" / "promote.yml")["deploy"]
    assert deploy["environment"] == "production"
    assert deploy["needs"] == "train"


def test_the_python_of_the_workflows_is_the_one_of_the_pins() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8")
    (pinned,) = set(re.findall(r"--python-version (3\.\d+)", lines))
    said = {
        step["with"]["python-version"]
        for workflow in WORKFLOWS
        for job in jobs(workflow).values()
        for step in job["steps"]
        if "python-version" in step.get("with", {})
    }
    assert said == {pinned}


def test_conda_takes_the_same_pins_and_the_same_python() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *packages, pip = environment["dependencies"]
    (pinned,) = set(re.findall(r"--python-version (3\.\d+)", (ROOT / "Makefile").read_text()))
    assert f"python={pinned}" in packages
    assert pip == {"pip": ["-r requirements.txt"]}
    assert (ROOT / "requirements.txt").is_file()
