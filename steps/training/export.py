"""A fitted model as ONNX with a fixed input and output, and the proof that it answers the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import RunError
from serving.schema import TableSchema
from steps.training.candidate import Rows, Scores

if TYPE_CHECKING:
    from onnx import ModelProto

INPUT, OUTPUT = "rows", "scores"
OPSETS = {"": 18, "ai.onnx.ml": 3}
# The lowest format version of these opsets: every runtime that has the operators reads it.
IR_VERSION = 8
TOLERANCE = 1e-4


def to_onnx(native: Any, schema: TableSchema, name: str) -> bytes:
    """Convert a fitted model; the same model gives the same bytes.

    Args:
        name: The candidate's name, for the graph and for the reason of a refusal.

    Raises:
        RunError: The model does not convert.
    """
    from sklearn.base import BaseEstimator

    convert = _from_sklearn if isinstance(native, BaseEstimator) else _from_torch
    try:
        model = convert(native, schema)
    except Exception as error:  # Converters raise many types, and any means the same here.
        kind = type(native).__name__
        reason = " ".join(str(error).split())[:300]
        raise RunError(f"Candidate '{name}': {kind} does not convert to ONNX: {reason}") from error
    return serialise(model, name)


def serialise(model: ModelProto, name: str) -> bytes:
    """Bytes of the model alone: no tool versions, no times, no paths of this machine."""
    from onnx import checker

    model.producer_name, model.producer_version = "switchyard", ""
    model.doc_string, model.domain, model.model_version = "", "", 0
    model.ir_version = IR_VERSION
    model.graph.name, model.graph.doc_string = name, ""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.initializer, *model.graph.value_info):
        part.doc_string = ""
        del part.metadata_props[:]
    # What a converter knew of inner shapes is not needed and differs from one to the next.
    del model.graph.value_info[:]
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def onnx_scores(onnx: bytes, schema: TableSchema, rows: Rows) -> Scores:
    """What every server answers, computed by the class that the servers load."""
    from serving.model import Model

    return Model.from_bytes(onnx, schema.to_json()).score(np.ascontiguousarray(rows))


def check_portability(
    native_scores: NDArray[Any],
    onnx: bytes,
    rows: Rows,
    schema: TableSchema,
    name: str,
    tolerance: float = TOLERANCE,
) -> float:
    """The largest difference between native and ONNX scores, of probabilities or as a share.

    Args:
        tolerance: Of a class probability as it is; of a single score, which is a value with a
            unit, as a share of the largest one.

    Raises:
        RunError: A row differs by more than the tolerance.
    """
    answered = onnx_scores(onnx, schema, rows).astype(np.float64)
    wanted = np.asarray(native_scores, dtype=np.float64)
    if answered.shape != wanted.shape:
        raise RunError(
            f"Candidate '{name}': the ONNX graph answers {list(answered.shape)} scores "
            f"where the native model answers {list(wanted.shape)}."
        )
    unit = float(np.abs(wanted).max(initial=0.0)) or 1.0
    differences = np.abs(answered - wanted) / (unit if wanted.shape[1] == 1 else 1.0)
    # Not a number on either side is as wrong as any number can be.
    worst = np.where(np.isnan(differences), np.inf, differences).max(axis=1, initial=0.0)
    over, largest = int((worst > tolerance).sum()), float(worst.max(initial=0.0))
    if over:
        raise RunError(
            f"Candidate '{name}' is not portable: ONNX and native scores differ by up to "
            f"{largest:.3g} (tolerance {tolerance:g}) on {over} of {len(rows)} rows."
        )
    return largest


def probe_rows(matrix: Rows, schema: TableSchema, limit: int = 2000) -> Rows:
    """Training rows with each column in turn as requests may send it: missing or unseen."""
    base = matrix[:limit]
    probes = []
    for place, column in enumerate(schema.columns):
        known = len(column.categories)
        values = [np.nan if column.kind != "categorical" else known + 1.0]
        values = values if column.missing_share > 0 else []
        if column.kind == "categorical" and schema.unseen == "other":
            values.append(float(known))
        for number, value in enumerate(values):
            probe = base[(place + number) % len(schema.columns) :: len(schema.columns)].copy()
            probe[:, place] = value
            probes.append(probe)
    return np.concatenate([matrix, *probes])


def _from_sklearn(native: Any, schema: TableSchema) -> ModelProto:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    classifies = schema.task != "regression"
    model = convert_sklearn(
        native,
        name="model",
        initial_types=[(INPUT, FloatTensorType([None, len(schema.columns)]))],
        options={id(native): {"zipmap": False}} if classifies else None,
        target_opset=OPSETS,
    )
    # A classifier's first output is its label, which the server derives from the scores.
    return _only_output(model, model.graph.output[-1].name, schema.width)


def _from_torch(native: Any, schema: TableSchema) -> ModelProto:
    from steps.training.graph import network_graph

    del schema  # The network knows its own columns.
    return network_graph(native)


def _only_output(model: ModelProto, name: str, width: int) -> ModelProto:
    """Keep the nodes that one output needs, and call that output `scores`."""
    from onnx import TensorProto, helper

    graph, needed, kept = model.graph, {name}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    nodes = [_renamed(node, {name: OUTPUT}) for node in reversed(kept)]
    columns = graph.input[0].type.tensor_type.shape.dim[1].dim_value
    return helper.make_model(
        helper.make_graph(
            nodes,
            "model",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", columns])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", width])],
            [tensor for tensor in graph.initializer if tensor.name in needed],
        ),
        opset_imports=[helper.make_opsetid(domain, number) for domain, number in OPSETS.items()],
    )


def _renamed(node: Any, names: dict[str, str]) -> Any:
    """The node with some of its inputs and outputs called differently."""
    node.input[:] = [names.get(name, name) for name in node.input]
    node.output[:] = [names.get(name, name) for name in node.output]
    return node
