"""Native models in a real MLflow store, loaded back and asked again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from serving.schema import Column, TableSchema, Task
from steps.data.encoding import encode_frame
from steps.training.blending import blend_candidates
from steps.training.candidate import Candidate
from steps.training.export import onnx_scores
from steps.training.native import log_native
from steps.training.settings import (
    CandidateKind,
    CandidateSettings,
    EnsembleSettings,
    TuningSettings,
)
from steps.training.training import prepare, train
from tests.unit.training.tables import schema_of, table

SMALL: dict[CandidateKind, dict[str, Any]] = {
    "linear": {},
    "forest": {"n_estimators": 5},
    "boosting": {"max_iter": 5},
    "network": {"epochs": 1, "hidden": (8,)},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A tracking store on SQLite, with its artifacts beside it."""
    home = tmp_path_factory.mktemp("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{home}/mlflow.db")
    mlflow.create_experiment("training", artifact_location=(home / "artifacts").as_uri())
    mlflow.set_experiment("training")
    yield home
    mlflow.set_tracking_uri("")


@pytest.fixture(autouse=True)
def active_run(store: Path) -> Iterator[None]:
    """A run of its own for each test."""
    assert store.is_dir()
    with mlflow.start_run():
        yield


def trained(kind: CandidateKind, task: Task = "binary") -> Candidate:
    """A candidate on the small table."""
    data = prepare(table(task, 200), schema_of(task), TuningSettings(folds=2), 0)
    settings = CandidateSettings(name=kind, kind=kind, parameters=SMALL[kind])
    return train(settings, data, TuningSettings(folds=2), "", 0)


@pytest.mark.parametrize("kind", ["linear", "forest", "boosting"])
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_a_scikit_learn_model_answers_raw_rows(kind: CandidateKind, task: Task) -> None:
    candidate, rows = trained(kind, task), table(task, 50, seed=1)
    info = log_native(candidate, rows.head())
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    answers = np.asarray(loaded.predict(rows.drop(columns="target")))
    wanted = onnx_scores(candidate.onnx, candidate.schema, encode_frame(rows, candidate.schema))
    assert np.allclose(answers.reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-5)


def test_a_scikit_learn_model_is_stored_without_pickle_and_with_its_pins() -> None:
    info = log_native(trained("boosting"), table("binary", 5))
    stored = Path(mlflow.artifacts.download_artifacts(info.model_uri))
    files = {path.name: path for path in stored.iterdir()}
    assert "model.skops" in files
    assert "input_example.json" in files
    assert not [name for name in files if name.endswith(".pkl")]
    assert "scikit-learn==" in files["requirements.txt"].read_text()
    assert info.signature.inputs.input_names() == list(schema_of("binary").names)


def test_a_network_answers_the_encoded_matrix() -> None:
    candidate = trained("network")
    info = log_native(candidate, table("binary", 5))
    matrix = encode_frame(table("binary", 50, seed=1), candidate.schema)
    answers = np.asarray(mlflow.pyfunc.load_model(info.model_uri).predict(matrix))
    wanted = onnx_scores(candidate.onnx, candidate.schema, matrix)
    assert np.allclose(answers, wanted, atol=1e-5)


def test_a_blend_answers_the_encoded_matrix_as_its_onnx_graph() -> None:
    data = prepare(table("binary", 200), schema_of("binary"), TuningSettings(folds=2), 0)
    members = [trained("linear"), trained("boosting")]
    candidate = blend_candidates(members, data, EnsembleSettings(), "")
    info = log_native(candidate, table("binary", 5))
    answers = mlflow.pyfunc.load_model(info.model_uri).predict({"rows": data.matrix})
    assert np.array_equal(
        answers["scores"], onnx_scores(candidate.onnx, candidate.schema, data.matrix)
    )


def test_times_and_missing_truth_values_come_through() -> None:
    columns = (
        Column("t", "datetime", "datetime64", 0.1, origin="2013-01-01"),
        Column("b", "categorical", "bool", 0.1, categories=("false", "true")),
    )
    schema = TableSchema("binary", "y", columns, ("n", "y"))
    times = pd.date_range("2013-01-01", periods=60, freq="37h").astype("datetime64[us]")
    frame = pd.DataFrame(
        {
            "t": pd.Series(times).mask(pd.Series(range(60)) % 7 == 0),
            "b": pd.Series([True, None, False] * 20, dtype="boolean"),
            "y": pd.Series(["n", "y"] * 30, dtype="str"),
        }
    )
    data = prepare(frame, schema, TuningSettings(folds=2), 0)
    boosting = CandidateSettings(name="b", kind="boosting", parameters={"max_iter": 5})
    candidate = train(boosting, data, TuningSettings(folds=2), "", 0)
    info = log_native(candidate, frame.head(9))
    answers = mlflow.pyfunc.load_model(info.model_uri).predict(frame.drop(columns="y"))
    assert np.allclose(answers, onnx_scores(candidate.onnx, schema, data.matrix), atol=1e-6)
