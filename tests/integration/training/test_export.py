"""ONNX with a fixed input and output, the same bytes for the same model, and the same answers."""

from typing import Any

import numpy as np
import onnx
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import NearestNeighbors

from serving.errors import RunError
from serving.schema import Task
from steps.data.encoding import encode_frame, encode_target
from steps.training.estimators import fit, score
from steps.training.export import check_portability, onnx_scores, probe_rows, to_onnx
from steps.training.settings import CandidateKind
from tests.unit.training.tables import schema_of, table

SMALL: dict[CandidateKind, dict[str, Any]] = {
    "linear": {},
    "forest": {"n_estimators": 10},
    "extra_trees": {"n_estimators": 10},
    "boosting": {"max_iter": 20},
}
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


def fitted(kind: CandidateKind, task: Task) -> Any:
    """A model on the small table."""
    schema, train = schema_of(task), table(task)
    matrix, target = encode_frame(train, schema), encode_target(train, schema)
    return fit(kind, SMALL[kind], matrix, target, schema, 0)


@pytest.mark.parametrize("kind", SMALL)
@pytest.mark.parametrize("task", TASKS)
def test_every_model_answers_in_onnx_as_it_does_itself(kind: CandidateKind, task: Task) -> None:
    schema, native = schema_of(task), fitted(kind, task)
    graph = to_onnx(native, schema, kind)
    rows = probe_rows(encode_frame(table(task, seed=1), schema), schema)
    assert check_portability(score(native, rows, schema), graph, rows, schema, kind) < 1e-5


@pytest.mark.parametrize("kind", SMALL)
def test_two_trainings_of_one_seed_give_the_same_bytes(kind: CandidateKind) -> None:
    schema = schema_of("multiclass")
    first, second = (to_onnx(fitted(kind, "multiclass"), schema, kind) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("kind", SMALL)
def test_the_graph_has_one_named_input_and_output_and_no_trace_of_this_machine(
    kind: CandidateKind,
) -> None:
    content = to_onnx(fitted(kind, "multiclass"), schema_of("multiclass"), kind)
    graph = onnx.load_from_string(content).graph
    shapes = [
        (part.name, part.type.tensor_type.elem_type, part.type.tensor_type.shape.dim[1].dim_value)
        for part in (*graph.input, *graph.output)
    ]
    assert shapes == [("rows", onnx.TensorProto.FLOAT, 5), ("scores", onnx.TensorProto.FLOAT, 3)]
    for trace in (b"steps/training", b".py", b"skl2onnx", b"pytorch"):
        assert trace not in content


def test_a_forest_that_was_fed_missing_values_converts_wrongly_and_is_refused() -> None:
    """skl2onnx loses where a forest sends missing values, without a word."""
    schema, train = schema_of("binary"), table("binary")
    matrix, target = encode_frame(train, schema), encode_target(train, schema)
    native = RandomForestClassifier(20, random_state=0).fit(matrix, target)
    graph = to_onnx(native, schema, "forest")
    with pytest.raises(RunError, match=r"'forest' is not portable: .* on \d+ of 400 rows"):
        check_portability(score(native, matrix, schema), graph, matrix, schema, "forest")


def test_a_model_that_does_not_convert_is_refused_with_the_reason() -> None:
    model = NearestNeighbors()
    with pytest.raises(RunError, match="'odd': NearestNeighbors does not convert to ONNX: "):
        to_onnx(model, schema_of("binary"), "odd")


def test_a_difference_is_told_with_its_size_and_its_rows() -> None:
    schema, native = schema_of("binary"), fitted("linear", "binary")
    graph, rows = to_onnx(native, schema, "linear"), encode_frame(table("binary"), schema)
    wrong = score(native, rows, schema)
    wrong[:3] += 0.25
    with pytest.raises(RunError, match=r"up to 0\.25 \(tolerance 0\.0001\) on 3 of 400 rows"):
        check_portability(wrong, graph, rows, schema, "linear")


def test_a_score_that_is_no_number_is_refused() -> None:
    schema, native = schema_of("binary"), fitted("linear", "binary")
    graph, rows = to_onnx(native, schema, "linear"), encode_frame(table("binary"), schema)
    wrong = score(native, rows, schema)
    wrong[0, 0] = np.nan
    with pytest.raises(RunError, match="up to inf"):
        check_portability(wrong, graph, rows, schema, "linear")


def test_a_value_is_compared_as_a_share_of_the_largest() -> None:
    schema, native = schema_of("regression"), fitted("linear", "regression")
    graph, rows = to_onnx(native, schema, "linear"), encode_frame(table("regression"), schema)
    values = score(native, rows, schema)
    check_portability(values + values.max() * 5e-5, graph, rows, schema, "linear")
    with pytest.raises(RunError, match="not portable"):
        check_portability(values + values.max() * 5e-4, graph, rows, schema, "linear")


def test_the_probes_hold_a_gap_and_an_unseen_category_where_requests_may() -> None:
    schema = schema_of("binary")
    matrix = encode_frame(table("binary", 50), schema)
    probes = probe_rows(matrix, schema)[50:]
    assert np.isnan(probes[:, 0]).any()
    assert not np.isnan(probes[:, 1]).any(), "a column without gaps in training has none later"
    assert {3.0, 4.0} <= set(probes[:, 2])
    assert (probes[:, 3] == 2).any()
    assert not (probes[:, 3] == 3).any()


def test_a_row_alone_scores_as_it_does_among_others() -> None:
    schema, native = schema_of("binary"), fitted("boosting", "binary")
    graph, rows = to_onnx(native, schema, "boosting"), encode_frame(table("binary", 20), schema)
    alone = np.concatenate([onnx_scores(graph, schema, rows[i : i + 1]) for i in range(20)])
    assert np.array_equal(alone, onnx_scores(graph, schema, rows))
