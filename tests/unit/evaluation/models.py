"""Tiny real ONNX models and tables that they can be right or wrong about."""

from __future__ import annotations

import numpy as np
import pandas as pd
from onnx import TensorProto, helper, numpy_helper

from serving.schema import Column, TableSchema
from steps.data.settings import SplitSettings
from steps.data.split import hashed_out
from steps.training.candidate import Candidate

SPLIT = SplitSettings(seed=1)
FEATURES = ("x", "z")


def logistic(weights: list[float]) -> bytes:
    """The probabilities (1 - p, p) where p is the sigmoid of the weighted columns."""
    tensor = numpy_helper.from_array(np.array(weights, dtype=np.float32)[:, None], "w")
    one = numpy_helper.from_array(np.array([1], dtype=np.float32), "one")
    nodes = [
        helper.make_node("MatMul", ["rows", "w"], ["sum"]),
        helper.make_node("Sigmoid", ["sum"], ["p"]),
        helper.make_node("Sub", ["one", "p"], ["q"]),
        helper.make_node("Concat", ["q", "p"], ["scores"], axis=1),
    ]
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, len(weights)])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2])
    graph = helper.make_graph(nodes, "logistic", [rows], [scores], [tensor, one])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())


def schema_of(*names: str, classes: tuple[str, ...] = ("no", "yes")) -> TableSchema:
    """A binary schema of these numeric columns."""
    columns = tuple(Column(name, "numeric", "float64") for name in names)
    return TableSchema("binary", "y", columns, classes)


def candidate(
    weights: list[float], schema: TableSchema, *, name: str = "linear", cv: float = 0.8
) -> Candidate:
    """A candidate whose model is that logistic one."""
    return Candidate(
        name=name,
        kind="linear",
        native=None,
        onnx=logistic(weights),
        schema=schema,
        parameters={"C": 1.0},
        metric="roc_auc",
        cv_scores=(cv, cv),
        oof=np.empty((0, 2), np.float32),
        folds=np.empty(0, np.int64),
        trials=(),
        difference=0.0,
        seconds=1.0,
    )


def table(rows: int = 4000, seed: int = 0) -> pd.DataFrame:
    """Rows where y follows x, z is noise and the target's classes are texts."""
    random = np.random.default_rng(seed)
    x, z = random.normal(size=(2, rows))
    y = np.where(x + random.normal(size=rows) > 0, "yes", "no")
    return pd.DataFrame({"x": x, "z": z, "y": y, "day": np.arange(rows), "group": z > 0})


def sides(frame: pd.DataFrame, split: SplitSettings = SPLIT) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The training and the test rows."""
    chosen = hashed_out(frame, split, FEATURES)
    return frame[~chosen].reset_index(drop=True), frame[chosen].reset_index(drop=True)
