"""The network's ONNX graph, and the network as one candidate among others."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from serving.schema import TableSchema, Task
from steps.data.encoding import encode_frame, encode_target
from steps.training import network
from steps.training.blending import blend_candidates
from steps.training.estimators import score
from steps.training.export import check_portability, onnx_scores, probe_rows, to_onnx
from steps.training.settings import (
    CandidateSettings,
    EnsembleSettings,
    NetworkParameters,
    TuningSettings,
)
from steps.training.tabular import TabularNetwork
from steps.training.training import prepare, train
from tests.unit.training.tables import schema_of, table

SETTINGS = NetworkParameters(batch=64, epochs=3, hidden=(16, 8))


def fitted(task: Task, kind: str = "") -> tuple[TabularNetwork, TableSchema]:
    """A network on the columns of one kind, or on all."""
    schema = schema_of(task)
    columns = tuple(column for column in schema.columns if kind in ("", column.kind))
    schema = replace(schema, columns=columns)
    train_rows = table(task)
    matrix, target = encode_frame(train_rows, schema), encode_target(train_rows, schema)
    return network.fit(matrix, target, schema, SETTINGS, 0), schema


@pytest.mark.parametrize("kind", ["", "numeric", "categorical"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_graph_answers_as_the_module_does(task: Task, kind: str) -> None:
    native, schema = fitted(task, kind)
    rows = probe_rows(encode_frame(table(task, seed=1), schema), schema)
    graph = to_onnx(native, schema, "network")
    assert check_portability(score(native, rows, schema), graph, rows, schema, "network") < 1e-6


def test_the_graph_answers_as_the_one_that_torch_exports() -> None:
    native, schema = fitted("multiclass")
    program = torch.onnx.export(
        native,
        (torch.zeros(2, 5),),
        dynamo=True,
        input_names=["rows"],
        output_names=["scores"],
        dynamic_shapes={"rows": {0: torch.export.Dim("n")}},
        opset_version=18,
        verbose=False,
    )
    assert program is not None
    rows = encode_frame(table("multiclass", seed=1), schema)
    theirs = onnx_scores(program.model_proto.SerializeToString(), schema, rows)
    ours = onnx_scores(to_onnx(native, schema, "network"), schema, rows)
    assert np.abs(ours - theirs).max() < 1e-6


def test_two_trainings_of_one_seed_give_the_same_bytes() -> None:
    first, second = (to_onnx(*fitted("binary"), "network") for _ in range(2))
    assert first == second
    assert onnx.load_from_string(first).graph.name == "network"


def test_a_network_is_tuned_and_blended_like_any_candidate() -> None:
    data = prepare(table("binary"), schema_of("binary"), TuningSettings(), 0)
    settings = (
        CandidateSettings(
            name="network",
            kind="network",
            parameters={"batch": 64, "epochs": 5},
            search={"hidden": ((8,), (16,))},
        ),
        CandidateSettings(name="linear", kind="linear"),
    )
    members = [train(one, data, TuningSettings(trials=3), "log_loss", 0) for one in settings]
    tried = [trial.parameters.get("hidden") for trial in members[0].trials]
    assert tried[0] is None
    assert sorted(tried[1:], key=str) == [[16], [8]]
    blend = blend_candidates(members, data, EnsembleSettings(), "log_loss")
    assert blend.difference < 1e-5
    assert blend.oof.shape == (400, 2)
