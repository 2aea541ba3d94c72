"""A real MLflow SQLite store with a tiny real model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from serving.model import write_bundle
from serving.schema import Column, TableSchema
from steps.registry.registry import Registry
from steps.registry.version import Version

Registers = Callable[[int], Version]
MODEL = "flights"


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file; migrating one takes seconds, so that it is copied by each test."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    Registry(f"sqlite:///{path}").models()
    return path


@pytest.fixture
def registry(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry of its own, with its artifacts beside it."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return Registry(f"sqlite:///{tmp_path / 'mlflow.db'}")


def linear_onnx(slope: float) -> bytes:
    """Scores x times the slope."""
    weight = numpy_helper.from_array(np.array([[slope]], dtype=np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["rows", "w"], ["scores"])],
        "linear",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 1])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


SCHEMA = TableSchema("regression", "y", (Column("x", "numeric", "float64"),))


@pytest.fixture
def register(registry: Registry, tmp_path: Path) -> Registers:
    """Train, as it were, the model of that slope and register it from a run of its own."""

    def run(slope: int) -> Version:
        bundle = tmp_path / "built" / str(slope)
        write_bundle(bundle, linear_onnx(slope), SCHEMA, name=MODEL)
        client = registry.client
        experiment = client.get_experiment_by_name("training")
        number = (
            experiment.experiment_id
            if experiment
            else client.create_experiment("training", f"file:{tmp_path / 'artifacts'}")
        )
        run_id = client.create_run(number).info.run_id
        return registry.register(MODEL, run_id, "", bundle, {"data_digest": "sha256:d"})

    return run
