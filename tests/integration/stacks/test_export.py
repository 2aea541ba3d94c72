"""Registered stacks written as files and read back, by this project and by ZenML."""

from pathlib import Path

import pytest
import yaml

from serving.errors import ConfigError
from stacks.apply import apply, delete, plan_stack
from stacks.export import export, save
from stacks.plan import Plan
from stacks.registered import read_components
from stacks.schema import StackFile, load_stack
from tests.integration.stacks.conftest import MakeFile, Run

pytestmark = pytest.mark.usefixtures("zenml")

Configured = tuple[str, str, dict[str, object]]
TRACKED = """
stack_name: {name}
components:
  orchestrator: {{name: {name}, flavor: local}}
  artifact_store: {{name: {name}, flavor: local}}
  experiment_tracker:
    name: {name}
    flavor: mlflow
    configuration:
      tracking_uri: http://mlflow.example
      tracking_username: ${{NAME}}
      tracking_password: "{password}"
"""


def tracked(folder: Path, name: str, password: str) -> StackFile:
    """A stack whose MLflow server wants a password."""
    path = folder / f"{name}-written.yaml"
    path.write_text(TRACKED.format(name=name, password=password))
    return load_stack(path, {"NAME": "me", "PASSWORD": "hunter2"})


def test_an_export_is_applied_back_unchanged(make_file: MakeFile, tmp_path: Path) -> None:
    deployer: Configured = ("out", "resident", {"host": "0.0.0.0", "port": 8131})
    apply(make_file("out", model_deployer=deployer))
    save(export("out"), tmp_path / "out.yaml")
    assert plan_stack(load_stack(tmp_path / "out.yaml", {})) == Plan()


def test_an_export_makes_the_same_stack_where_it_was_deleted(
    make_file: MakeFile, tmp_path: Path
) -> None:
    apply(make_file("moved", model_deployer=("moved", "resident", {"port": 8132})))
    before = read_components("moved")
    save(export("moved"), tmp_path / "moved.yaml")
    delete("moved", components=True)
    apply(load_stack(tmp_path / "moved.yaml", {}))
    assert read_components("moved") == before


def test_a_credential_of_the_environment_is_exported_as_a_variable(tmp_path: Path) -> None:
    apply(tracked(tmp_path, "kept", "${PASSWORD}"))
    text = export("kept")
    assert "hunter2" not in text
    save(text, tmp_path / "kept.yaml")
    environ = {"KEPT_TRACKING_PASSWORD": "hunter2", "KEPT_TRACKING_USERNAME": "me"}
    assert plan_stack(load_stack(tmp_path / "kept.yaml", environ)) == Plan()
    with pytest.raises(ConfigError, match="KEPT_TRACKING_PASSWORD"):
        load_stack(tmp_path / "kept.yaml", {})


def test_a_reference_to_a_secret_stays_one(tmp_path: Path) -> None:
    from zenml.client import Client

    file = tracked(tmp_path, "referring", "{{vault.password}}")
    with pytest.raises(ConfigError, match="The secret vault does not exist"):
        apply(file)
    Client().create_secret("vault", {"password": "hunter2"})
    apply(file)
    assert "tracking_password: '{{vault.password}}'" in export("referring")


def test_a_resolved_file_would_not_hold_a_credential(tmp_path: Path) -> None:
    apply(tracked(tmp_path, "clear", "${PASSWORD}"))
    with pytest.raises(ConfigError, match="'tracking_password'") as caught:
        export("clear", resolved=True)
    assert "hunter2" not in str(caught.value)


def test_zenml_imports_a_resolved_export(make_file: MakeFile, run: Run, tmp_path: Path) -> None:
    apply(make_file("import-me", model_deployer=("import-me", "resident", {"port": 8133})))
    before = read_components("import-me")
    path = tmp_path / "file.yaml"
    save(export("import-me", resolved=True), path)
    delete("import-me", components=True)
    done = run("zenml", "stack", "import", "import-me", "-f", str(path))
    assert done.returncode == 0, done.stderr
    assert read_components("import-me") == before
    assert plan_stack(load_stack(path, {})) == Plan()


def test_an_unknown_stack_is_told_with_its_near_miss(make_file: MakeFile) -> None:
    apply(make_file("nearly"))
    with pytest.raises(ConfigError, match="Did you mean 'nearly'"):
        export("nearl")


def test_the_command_writes_what_it_reads(run: Run, tmp_path: Path) -> None:
    planned = run("python", "run.py", "stack", "plan", "local")
    assert planned.returncode == 3
    assert "\x1b" not in planned.stdout
    shown = run("python", "run.py", "stack", "show", "local")
    assert "# local: not registered" in shown.stdout
    assert run("python", "run.py", "stack", "apply", "local").returncode == 0
    path = tmp_path / "mine.yaml"
    done = run("python", "run.py", "stack", "export", "local", "-o", str(path))
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(path.read_text())["stack_name"] == "local"
    assert run("python", "run.py", "stack", "plan", str(path)).stdout == "Nothing to do.\n"
