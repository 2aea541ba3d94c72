"""A champion and a challenger of each task on the same rows, and their pages."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from onnx import TensorProto, helper, numpy_helper

from serving.schema import Column, TableSchema, Task
from steps.data.finding import Checks, warn
from steps.data.stored import StoredTable, Table, as_pandas
from steps.evaluation.card import model_card
from steps.evaluation.comparison import Comparison, Files, compare_candidate
from steps.evaluation.description import Description, describe
from steps.evaluation.measure import candidate_digest, evaluate_candidates
from steps.evaluation.report import render
from steps.evaluation.settings import CardSettings, GateSettings
from steps.registry.version import Champion, Version
from steps.training.candidate import Candidate
from tests.unit.evaluation.models import FEATURES, SPLIT, candidate, sides

ODD = "<b>age</b> & more"
CLASSES: dict[Task, tuple[str, ...]] = {
    "binary": ("no", "<i>yes</i>"),
    "multiclass": ("low", "middle", "high & <up>"),
    "regression": (),
}
LINEAGE = {"Data": "sha256:d", "Commit": "abc", "Config": "demo", "Stack": "local"}
GATE = GateSettings(resamples=100, slices=("group",))
CARD = CardSettings(uses="Choose whom to write to.\n<script>alert(1)</script>")


@dataclass(frozen=True)
class Answering:
    """One task with its two models, compared and described."""

    train: pd.DataFrame
    test: pd.DataFrame
    challenger: Candidate
    comparison: Comparison
    description: Description
    page: str


def answering(
    task: Task, *, sensitive: bool = False, alone: bool = False, folder: Path | None = None
) -> Answering:
    """Compare and describe a good challenger.

    Args:
        sensitive: Whether the column that nothing follows from is one of those.
        alone: Without a champion.
        folder: Where the rows lie as steps are given them; None: they are in memory.
    """
    train, test = _left(*sides(_table(task)), folder)
    schema = _schema(task, sensitive)
    strong, weak = (_candidate(task, schema, by) for by in (1.0, 0.2))
    version = Version(
        model="m", version="7", digest=candidate_digest(weak), run_id="r",
        created=datetime(2026, 1, 1, tzinfo=UTC), bundle_uri="",
        tags={"split": SPLIT.model_dump_json(), "identity": json.dumps(FEATURES)},
    )  # fmt: skip
    files = Files(weak.onnx, weak.schema.to_json())
    champion = Champion(model="m") if alone else Champion(model="m", version=version)
    compared = compare_candidate(
        strong, champion, None if alone else files, train, test, GATE, SPLIT
    )
    told = describe(strong, compared, "", train, test)
    found = (warn("leak", "Column 'x' alone predicts 'y'.", "x"),)
    kinds = {column.name: column.kind for column in schema.columns}
    checks = Checks(
        task=task, target="y", rows=4000, unlabelled=0, features=kinds, identity=FEATURES,
        sensitive=(ODD,) if sensitive else (), findings=found,
    )  # fmt: skip
    measured = evaluate_candidates([strong], test, GATE, SPLIT)
    card = model_card("m", strong, measured, checks, LINEAGE, CARD, GATE, SPLIT)
    page = render("m", compared.decision, measured, found, LINEAGE, told, card)
    return Answering(as_pandas(train), as_pandas(test), strong, compared, told, page)


def _left(train: pd.DataFrame, test: pd.DataFrame, folder: Path | None) -> tuple[Table, Table]:
    if folder is None:
        return train, test
    files = [folder / "train.parquet", folder / "test.parquet"]
    for side, file in zip((train, test), files, strict=True):
        side.to_parquet(file)
    before, after = (StoredTable.of(str(file)) for file in files)
    return before, after


def _table(task: Task, rows: int = 4000) -> pd.DataFrame:
    """Rows whose answer follows from x, with a column that nothing follows from."""
    random = np.random.default_rng(0)
    x, z, noise = random.normal(size=(3, rows))
    y = 2 * x + noise
    frame = pd.DataFrame({"x": x, "z": z, ODD: random.integers(20, 80, rows), "group": z > 0})
    if task == "regression":
        return frame.assign(y=y)
    cuts = [0.0] if task == "binary" else [-1.0, 1.0]
    return frame.assign(y=np.array(CLASSES[task])[np.digitize(y, cuts)])


def _schema(task: Task, sensitive: bool) -> TableSchema:
    columns = (
        *(Column(name, "numeric", "float64") for name in FEATURES),
        Column(ODD, "numeric", "int64", sensitive=sensitive),
    )
    return TableSchema(task, "y", columns, CLASSES[task])


def _candidate(task: Task, schema: TableSchema, strength: float) -> Candidate:
    """A model that follows x as strongly as that, and the rest z."""
    width = schema.width
    slopes = np.zeros((3, width), np.float32)
    slopes[0], slopes[1] = (part * np.linspace(-2, 2, width) for part in (strength, 1 - strength))
    if task == "regression":
        slopes[:2, 0] = 2 * strength, 1 - strength
    made = candidate([0.0, 0.0, 0.0], schema, name="strong" if strength == 1 else "weak")
    return replace(made, onnx=_linear(slopes, task))


def _linear(slopes: np.ndarray, task: Task) -> bytes:
    """The weighted columns, as probabilities where the task has classes."""
    tensor = numpy_helper.from_array(slopes, "w")
    last = "scores" if task == "regression" else "sums"
    nodes = [helper.make_node("MatMul", ["rows", "w"], [last])]
    if last == "sums":
        nodes.append(helper.make_node("Softmax", ["sums"], ["scores"], axis=1))
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 3])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, slopes.shape[1]])
    graph = helper.make_graph(nodes, "linear", [rows], [scores], [tensor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())
