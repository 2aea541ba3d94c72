"""The main job on `local-s3`: a real S3-compatible store, a real MLflow server over it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.resident import stop
from tests.integration.stacks.conftest import ROOT
from tests.integration.stacks.store import KEY, SECRET, Store, mlflow_over, store_in

CONFIG = {
    "model": "tumours",
    "data": {"data": "breast_cancer"},
    "candidates": [{"name": "linear", "kind": "linear"}],
    "tuning": {"folds": 2, "trials": 1},
    "gate": {"resamples": 200},
}
Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where everything of this story lies."""
    return tmp_path_factory.mktemp("s3")


@pytest.fixture(scope="module")
def store(place: Path) -> Iterator[Store]:
    """The store of this story."""
    with store_in(place / "rclone") as found:
        yield found


@pytest.fixture(scope="module")
def environ(environment: Mapping[str, str], store: Store, place: Path) -> Iterator[dict[str, str]]:
    """What the stack file asks for."""
    records = {"SWITCHYARD_HOME": str(place / "records"), "HOME": str(place)}
    with mlflow_over(store, place) as address:
        named = {"SWITCHYARD_MLFLOW_URI": address}
        yield {**environment, **store.environment, **named, **records}


@pytest.fixture(scope="module")
def program(environ: dict[str, str], place: Path) -> Iterator[Program]:
    """Run `zenml` or `run.py`, with the secret that the stack refers to in place."""

    def run(*words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        first = Path(sys.executable).parent / words[0]
        return subprocess.run(
            [str(first), *words[1:]],
            cwd=ROOT,
            env={**environ, **more},
            capture_output=True,
            text=True,
            timeout=600,
        )

    (place / "key").write_text(KEY)
    (place / "word").write_text(SECRET)
    words = [f"--key=@{place / 'key'}", f"--secret=@{place / 'word'}"]
    assert run("zenml", "secret", "create", "switchyard-s3", *words).returncode == 0
    yield run
    for state in Path(environ["ZENML_LOCAL_STORES_PATH"]).glob("*/*/service.json"):
        stop(state.parent)


@pytest.fixture(scope="module")
def trained(program: Program, place: Path) -> "subprocess.CompletedProcess[str]":
    """The main job, run once."""
    (place / "config.yaml").write_text(json.dumps(CONFIG))
    config = str(place / "config.yaml")
    return program("python", "run.py", "--stack", "local-s3", "--config", config, "--json")


@pytest.fixture(scope="module")
def answer(trained: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """What the main job came to."""
    assert trained.returncode == 0, trained.stderr
    found: dict[str, Any] = json.loads(trained.stdout)
    return found


def test_a_model_is_trained_deployed_and_answers(answer: dict[str, Any]) -> None:
    assert answer["decision"]["outcome"] == "promote"
    row = answer["prediction"]["row"]
    question = {"data": {"names": list(row), "ndarray": [list(row.values())]}}
    said = httpx.post(answer["endpoint"]["seldon_url"], json=question)
    assert said.status_code == 200, said.text
    assert said.json()["data"]


def test_artifacts_and_bundles_lie_in_the_store(answer: dict[str, Any], store: Store) -> None:
    assert answer["decision"]
    held = store.objects()
    assert any(key.startswith("load_table/") for key in held)
    assert any(key.startswith("mlflow/") and key.endswith("bundle/model.onnx") for key in held)
    assert not (ROOT / "mlruns").exists()


def test_no_secret_is_shown_or_stored_in_clear(
    trained: "subprocess.CompletedProcess[str]", environ: dict[str, str], program: Program
) -> None:
    assert SECRET not in trained.stdout + trained.stderr
    shown = program("python", "run.py", "stack", "show", "local-s3").stdout
    assert "{{switchyard-s3.secret}}" in shown
    files = Path(environ["ZENML_LOCAL_STORES_PATH"]).rglob("*.db")
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_labels_that_came_back_lie_in_the_store(
    answer: dict[str, Any], program: Program, store: Store, place: Path
) -> None:
    """And are read from there: given twice they are known."""
    row = {"request_id": "a", **answer["prediction"]["row"], "diagnosis": "benign"}
    sheet = [",".join(row), ",".join(str(value) for value in row.values())]
    (place / "labelled.csv").write_text("\n".join(sheet))
    words = ["run.py", "label-queue", "--labelled", str(place / "labelled.csv"), "--json"]
    first, second = (program("python", *words) for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert (json.loads(first.stdout)["new"], json.loads(second.stdout)["known"]) == (1, 1)
    assert [key for key in store.objects() if key.startswith("labels/tumours/")]


def test_the_prediction_log_is_in_the_store_once_the_server_stops(
    answer: dict[str, Any], program: Program, store: Store
) -> None:
    assert answer["endpoint"]
    assert program("python", "run.py", "stop", "tumours").returncode == 0
    assert [key for key in store.objects() if key.startswith("predictions/tumours/date=")]


def test_the_applied_stack_is_exported_and_applied_back_unchanged(
    answer: dict[str, Any], program: Program, place: Path
) -> None:
    assert answer["stack"] == "local-s3"
    path = place / "exported.yaml"
    done = program("python", "run.py", "stack", "export", "local-s3", "-o", str(path))
    assert done.returncode == 0, done.stderr
    assert "${SWITCHYARD_S3_BUCKET}" in path.read_text()
    planned = program("python", "run.py", "stack", "plan", str(path))
    assert (planned.returncode, planned.stdout) == (0, "Nothing to do.\n")


def test_the_same_question_has_the_same_model_on_the_local_stack(
    answer: dict[str, Any], program: Program, place: Path
) -> None:
    words = ["--config", str(place / "config.yaml"), "--no-deploy", "--json"]
    done = program("python", "run.py", "--stack", "local", *words)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["evaluations"]["candidates"]
    assert found[0]["digest"] == answer["evaluations"]["candidates"][0]["digest"]
