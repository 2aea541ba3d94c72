"""A bundle is loaded only when it is whole, unchanged and able to answer."""

from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from serving.errors import ModelError, RequestError
from serving.model import Model, digest, write_bundle
from serving.schema import Column, TableSchema
from tests.unit.serving.tiny import (
    EMPTY_ROW,
    ROW,
    assemble,
    bundle,
    columns,
    linear_classifier,
    model,
    onnx,
    schema,
)


def test_a_bundle_is_loaded_as_it_was_written(tmp_path: Path) -> None:
    manifest = bundle(tmp_path, version="3")
    loaded = Model.load(tmp_path, digest=manifest.digest)
    assert (loaded.name, loaded.version, loaded.digest) == ("shop", "3", manifest.digest)
    assert loaded.schema == schema()


def test_the_digest_tells_where_one_file_ends_and_the_next_begins() -> None:
    assert digest(b"ab", b"c") != digest(b"a", b"bc")


@pytest.mark.parametrize("name", ["model.onnx", "schema.json"])
def test_a_changed_file_is_refused_before_it_is_loaded(tmp_path: Path, name: str) -> None:
    bundle(tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b" ")
    with pytest.raises(ModelError, match="was changed"):
        Model.load(tmp_path)


def test_another_model_than_the_expected_one_is_refused(tmp_path: Path) -> None:
    bundle(tmp_path)
    with pytest.raises(ModelError, match="sha256:0 was expected"):
        Model.load(tmp_path, digest="sha256:0")


@pytest.mark.parametrize("name", ["model.onnx", "schema.json", "manifest.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    bundle(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ModelError, match=name):
        Model.load(tmp_path)


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ModelError, match="does not load"):
        Model.from_bytes(b"not a model", schema().to_json())


def test_what_is_no_schema_is_refused() -> None:
    with pytest.raises(ModelError, match="schema cannot be read"):
        Model.from_bytes(onnx(), b"{}")


def test_a_model_of_another_width_than_its_schema_is_refused() -> None:
    with pytest.raises(ModelError, match="reads 5 columns and its schema has 6"):
        Model.from_bytes(onnx(width=5), schema().to_json())
    with pytest.raises(ModelError, match="scores a row where its schema has 2"):
        Model.from_bytes(onnx(scores=3), schema().to_json())


def test_a_model_of_another_signature_is_refused() -> None:
    data = assemble([helper.make_node("Identity", ["rows"], ["scores"])], {}, 6, 6)
    with pytest.raises(ModelError, match="must map float 'rows' to 'scores'"):
        Model.from_bytes(data.replace(b"scores", b"result"), schema().to_json())


def test_a_classifier_answers_the_class_of_the_highest_score() -> None:
    answer = model().predict(columns(ROW, EMPTY_ROW))
    assert answer.scores.shape == (2, 2)
    for label, scores in zip(answer.labels, answer.scores, strict=True):
        assert label == ("no", "yes")[int(scores.argmax())]


def test_a_regression_answers_numbers() -> None:
    answer = model(table=schema(classes=())).predict(columns(ROW))
    assert answer.labels == answer.scores[:, 0].tolist()


@pytest.mark.parametrize("width", [6, 30, 130])
def test_a_row_scores_the_same_alone_and_among_others(width: int) -> None:
    """To the last bit, which matrix kernels by themselves do not give."""
    table = TableSchema(
        task="multiclass",
        target="y",
        columns=tuple(Column(f"c{index}", "numeric", "float64") for index in range(width)),
        classes=("a", "b", "c"),
    )
    loaded = Model.from_bytes(linear_classifier(width, 3), table.to_json())
    rows = np.random.default_rng(0).normal(size=(100, width)).astype(np.float32)
    together = loaded.score(rows)
    for size in (1, 2, 3, 7):
        parts = [loaded.score(rows[at : at + size]) for at in range(0, 100, size)]
        assert np.vstack(parts).tobytes() == together.tobytes()


def test_a_score_that_is_no_number_is_never_answered() -> None:
    """Values so far out that the model overflows are the request's fault, and are told by row."""
    loaded = model(table=schema(classes=()))
    far = {**ROW, "age": -3e38, "visits": 3e38, "joined": None}
    loaded.predict(columns(ROW))
    nodes = [helper.make_node("Mul", ["rows", "rows"], ["squares"])]
    nodes.append(helper.make_node("ReduceSum", ["squares", "axes"], ["scores"], keepdims=1))
    data = assemble(nodes, {"axes": np.array([1])}, 6, 1)
    bare = TableSchema("regression", "y", schema().columns)
    with pytest.raises(RequestError, match="no finite answer to row 1") as refused:
        Model.from_bytes(data, bare.to_json()).predict(columns(ROW, far))
    assert refused.value.status == 422


def test_a_model_that_fails_on_its_own_examples_is_refused(tmp_path: Path) -> None:
    table = TableSchema("binary", "y", schema().columns, ("no", "yes"), examples=({"age": "x"},))
    write_bundle(tmp_path, onnx(), table, name="shop")
    with pytest.raises(ModelError, match="own example rows"):
        Model.load(tmp_path)
