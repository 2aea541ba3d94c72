"""Tiny models and schemas, built in memory."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from serving.bundle import Manifest, write_bundle
from serving.model import Model
from serving.schema import Column, TableSchema

COLUMNS = (
    Column("age", "numeric", "float64", 0.1, 18.0, 90.0),
    Column("visits", "numeric", "int64", 0.0, 0.0, 40.0),
    Column("joined", "datetime", "datetime64", 0.1, 0.0, 900.0, origin="2020-01-01"),
    Column("city", "categorical", "str", 0.1, categories=("Bonn", "Köln", "Ulm")),
    Column("tier", "categorical", "int64", categories=("1", "2", "3")),
    Column("member", "categorical", "bool", categories=("false", "true")),
)
ROW: dict[str, object] = {
    "age": 41.5,
    "visits": 3,
    "joined": "2021-06-01T12:00:00",
    "city": "Köln",
    "tier": 2,
    "member": True,
}
EMPTY_ROW: dict[str, object] = {**ROW, "age": None, "joined": None, "city": None}


def schema(classes: Sequence[str] = ("no", "yes"), unseen: str = "other") -> TableSchema:
    """A schema with a column of every kind; without classes it is a regression's."""
    task = (
        ("regression", "regression", "binary")[len(classes)] if len(classes) < 3 else "multiclass"
    )
    return TableSchema(
        task=task,  # type: ignore[arg-type]
        target="bought",
        columns=COLUMNS,
        classes=tuple(classes),
        unseen=unseen,  # type: ignore[arg-type]
        examples=(ROW, EMPTY_ROW),
    )


def guarded(*names: str, unseen: str = "other") -> TableSchema:
    """The same schema with some of its columns sensitive."""
    return schema(unseen=unseen).guarding(names)


def onnx(width: int = len(COLUMNS), scores: int = 2, shift: float = 0.0) -> bytes:
    """A linear model with missing values as zero; `shift` makes versions answer differently."""
    weights = np.random.default_rng(7).normal(size=(width, scores)).astype(np.float32) / 100
    bias = np.full(scores, 0.25, dtype=np.float32)
    bias[0] += shift
    nodes = [
        helper.make_node("IsNaN", ["rows"], ["absent"]),
        helper.make_node("Where", ["absent", "zero", "rows"], ["filled"]),
        helper.make_node("Gemm", ["filled", "weights", "bias"], ["sums"]),
        helper.make_node("Softmax" if scores > 1 else "Identity", ["sums"], ["scores"]),
    ]
    constants: dict[str, np.ndarray] = {
        "weights": weights,
        "bias": bias,
        "zero": np.zeros(1, dtype=np.float32),
    }
    return assemble(nodes, constants, width, scores)


def linear_classifier(width: int, scores: int) -> bytes:
    """The operator that scikit-learn's linear classifiers are exported to."""
    weights = np.random.default_rng(3).normal(size=width * scores).astype(np.float32)
    node = helper.make_node(
        "LinearClassifier",
        ["rows"],
        ["code", "scores"],
        domain="ai.onnx.ml",
        coefficients=weights.tolist(),
        intercepts=[0.1] * scores,
        classlabels_ints=list(range(scores)),
        post_transform="SOFTMAX",
    )
    return assemble([node], {}, width, scores)


def assemble(
    nodes: list[object], constants: dict[str, np.ndarray], width: int, scores: int
) -> bytes:
    """A model of the one signature that serving accepts."""
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, scores])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
    return model


def model(version: str = "1", shift: float = 0.0, table: TableSchema | None = None) -> Model:
    """A loaded model."""
    table = table or schema()
    data = onnx(len(table.columns), table.width, shift)
    return Model.from_bytes(data, table.to_json(), name="shop", version=version)


def bundle(path: Path, version: str = "1", shift: float = 0.0) -> Manifest:
    """A bundle in a directory."""
    return write_bundle(path, onnx(shift=shift), schema(), name="shop", version=version)


def columns(*rows: dict[str, object]) -> dict[str, list[object]]:
    """Rows as the columns that `encode` takes."""
    return {name: [row[name] for row in rows] for name in schema().names}
