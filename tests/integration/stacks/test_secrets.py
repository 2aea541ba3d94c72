"""No command shows, logs or writes a credential."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.stacks.conftest import ROOT
from tests.ports import free_port

IN_SECRETS = {"key": "word-of-the-key", "word": "word-of-the-store"}
IN_ENVIRONMENT = {"PASSWORD": "word-of-the-url", "TOKEN": "word-of-the-token"}
NEW = "word-of-another-token"

STACK = """
stack_name: guarded
components:
  orchestrator: {{name: guarded, flavor: local}}
  artifact_store:
    name: guarded
    flavor: s3
    configuration:
      path: s3://bucket
      key: "{{{{vault.key}}}}"
      secret: "{{{{vault.word}}}}"
      client_kwargs: {{endpoint_url: "http://127.0.0.1:{port}"}}
  experiment_tracker:
    name: guarded
    flavor: mlflow
    configuration:
      tracking_uri: postgresql://me:${{PASSWORD}}@127.0.0.1:{port}/mlflow
      tracking_token: ${{TOKEN}}
"""

# Every action, plainly and with all that makes it say more, in one process.
EVERY_ACTION = """
import os, sys
from run import main
from zenml.client import Client

Client().create_secret("vault", {secrets})
file, out = {file!r}, {out!r}
for more in ([], ["--json", "--verbose", "--debug"]):
    for words in (
        ["plan", file], ["apply", file], ["plan", file], ["show", file], ["show", "guarded"],
        ["list"], ["check", file], ["check", "guarded"], ["set", file], ["export", "guarded"],
        ["export", "guarded", "-o", out], ["export", "guarded", "--resolved"], ["plan", out],
        ["set", "default"], ["delete", "guarded", "--components"],
    ):
        print(*words[:1], main(["stack", *words, *more]), flush=True)
main(["stack", "apply", file])
os.environ["TOKEN"] = {new!r}
main(["stack", "plan", file])
"""


@pytest.fixture(scope="module")
def done(
    environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> "subprocess.CompletedProcess[str]":
    """Every action, done."""
    place = tmp_path_factory.mktemp("guarded")
    (place / "guarded.yaml").write_text(STACK.format(port=free_port()))
    file, out = str(place / "guarded.yaml"), str(place / "exported.yaml")
    script = EVERY_ACTION.format(secrets=json.dumps(IN_SECRETS), file=file, out=out, new=NEW)
    (place / "script.py").write_text(script)
    more = {"PYTHONPATH": str(ROOT), "SWITCHYARD_HOME": str(place / "records"), **IN_ENVIRONMENT}
    done = subprocess.run(
        [sys.executable, str(place / "script.py")],
        cwd=place,
        env={**environment, **more, "ZENML_CUSTOM_SOURCE_ROOT": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    (place / "script.py").unlink()
    assert done.returncode == 0, done.stderr
    assert len(list(place.iterdir())) >= 2, "nothing was exported"
    return done


def test_no_action_shows_a_credential(done: "subprocess.CompletedProcess[str]") -> None:
    """Neither as a result nor in a log, an error or its traceback."""
    shown = done.stdout + done.stderr
    words = [*IN_SECRETS.values(), *IN_ENVIRONMENT.values(), NEW]
    assert [word for word in words if word in shown] == []
    assert "word-of" not in shown


def test_every_action_did_its_work(done: "subprocess.CompletedProcess[str]") -> None:
    """So that silence is no accident: both services are down, and the resolved export refused."""
    statuses = {tuple(line.split()) for line in done.stdout.splitlines() if line[-2:-1] == " "}
    assert {("plan", "3"), ("apply", "0"), ("check", "1"), ("export", "2"), ("delete", "0")} <= (
        statuses
    )


def test_a_credential_that_changes_is_told_without_it(
    done: "subprocess.CompletedProcess[str]",
) -> None:
    """The plan says that the token would change, and not into what."""
    assert 'tracking_token: "***" -> "***"' in done.stdout


def test_no_file_holds_a_credential_but_zenmls_own_database(
    done: "subprocess.CompletedProcess[str]", environment: Mapping[str, str]
) -> None:
    """What comes from a ZenML secret is in clear nowhere, not even there."""
    assert done.returncode == 0
    home = Path(environment["ZENML_CONFIG_PATH"]).parent
    files = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert any(path.suffix == ".db" for path in files)
    for word in IN_SECRETS.values():
        assert [path for path, content in files.items() if word.encode() in content] == []
    for word in IN_ENVIRONMENT.values():
        holding = [path.name for path, content in files.items() if word.encode() in content]
        assert {name.partition(".db")[0] for name in holding} <= {"zenml"}
