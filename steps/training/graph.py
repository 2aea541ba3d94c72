"""The ONNX graph of a `TabularNetwork`, written node by node as its `forward` computes.

Torch's own exporter gives the same answers from a graph that is no smaller, but takes seconds,
and its bytes change with the version of torch. The portability check holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from steps.training.export import INPUT, OPSETS, OUTPUT

if TYPE_CHECKING:
    from onnx import ModelProto

    from steps.training.tabular import TabularNetwork


class Graph:
    """Nodes and constants in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: Any) -> str:
        """Add a constant and give its name back."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Add a node of one output and give that output's name back."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output


def network_graph(network: TabularNetwork) -> ModelProto:
    """The network as an ONNX model from `rows` to `scores`."""
    from onnx import TensorProto, helper

    graph = Graph()
    state = {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}
    shape = network.shape
    columns = shape["values"] + len(shape["sizes"])
    parts = _values(graph, state, shape["values"]) if shape["values"] else []
    parts += _embeddings(graph, state, shape["values"], columns) if shape["sizes"] else []
    raw = _layers(graph, state, graph.node("Concat", parts, "inputs", axis=1))
    _answer(graph, state, raw, regression=shape["regression"])
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "network",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", columns])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", shape["width"]])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid(domain, number) for domain, number in OPSETS.items()],
    )


def _values(graph: Graph, state: dict[str, Any], count: int) -> list[str]:
    """Imputed, standardised and bounded values, and which of them were missing."""
    from onnx import TensorProto

    from steps.training.tabular import FARTHEST

    values = _slice(graph, "values", 0, count)
    missing = graph.node("IsNaN", [values], "missing")
    mean, scale = graph.constant("mean", state["mean"]), graph.constant("scale", state["scale"])
    filled = graph.node("Where", [missing, mean, values], "filled")
    scaled = graph.node("Div", [graph.node("Sub", [filled, mean], "centred"), scale], "scaled")
    bounds = [
        graph.constant("lowest", np.float32(-FARTHEST)),
        graph.constant("highest", np.float32(FARTHEST)),
    ]
    bounded = graph.node("Clip", [scaled, *bounds], "bounded")
    return [bounded, graph.node("Cast", [missing], "flags", to=TensorProto.FLOAT)]


def _embeddings(graph: Graph, state: dict[str, Any], first: int, last: int) -> list[str]:
    """The embeddings of a row's codes, one after another."""
    from onnx import TensorProto

    codes = graph.node("Cast", [_slice(graph, "codes", first, last)], "whole", to=TensorProto.INT64)
    places = graph.node("Add", [codes, graph.constant("starts", state["starts"])], "places")
    table = graph.constant("embedding", state["embedding.weight"])
    found = graph.node("Gather", [table, places], "embedded")
    return [graph.node("Flatten", [found], "flat", axis=1)]


def _layers(graph: Graph, state: dict[str, Any], inputs: str) -> str:
    """The linear layers; dropout does nothing in an answer."""
    numbers = sorted({int(name.split(".")[1]) for name in state if name.startswith("layers.")})
    for number in numbers:
        weight = graph.constant(f"weight_{number}", state[f"layers.{number}.weight"])
        bias = graph.constant(f"bias_{number}", state[f"layers.{number}.bias"])
        inputs = graph.node("Gemm", [inputs, weight, bias], f"layer_{number}", transB=1)
        if number != numbers[-1]:
            inputs = graph.node("Relu", [inputs], f"active_{number}")
    return inputs


def _answer(graph: Graph, state: dict[str, Any], raw: str, *, regression: bool) -> str:
    """Class probabilities, or the value in its own unit."""
    if not regression:
        return graph.node("Softmax", [raw], OUTPUT, axis=1)
    mean, spread = state["target"]
    scaled = graph.node("Mul", [raw, graph.constant("target_scale", spread)], "unit")
    return graph.node("Add", [scaled, graph.constant("target_mean", mean)], OUTPUT)


def _slice(graph: Graph, name: str, first: int, last: int) -> str:
    """The columns from one place to another."""
    ends = [
        graph.constant(f"{name}_{end}", np.array([place], dtype=np.int64))
        for end, place in (("first", first), ("last", last), ("axis", 1))
    ]
    return graph.node("Slice", [INPUT, *ends], name)
