"""Every kind of model, on every task."""

import numpy as np
import pytest

from serving.errors import ConfigError
from serving.schema import Task
from steps.data.encoding import encode_frame, encode_target
from steps.training.estimators import fit, score
from steps.training.settings import CandidateKind
from tests.unit.training.tables import schema_of, table

SMALL: dict[CandidateKind, dict[str, object]] = {
    "linear": {"C": 1.0},
    "forest": {"n_estimators": 10},
    "extra_trees": {"n_estimators": 10},
    "boosting": {"max_iter": 20},
}
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


@pytest.mark.parametrize("kind", SMALL)
@pytest.mark.parametrize("task", TASKS)
def test_a_model_learns_the_signal(kind: CandidateKind, task: Task) -> None:
    schema, train, test = schema_of(task), table(task), table(task, seed=1)
    native = fit(
        kind, SMALL[kind], encode_frame(train, schema), encode_target(train, schema), schema, 0
    )
    scores = score(native, encode_frame(test, schema), schema)
    target = encode_target(test, schema)
    assert scores.shape == (len(test), schema.width)
    assert scores.dtype == np.float32
    if task == "regression":
        assert np.square(scores[:, 0] - target).mean() < np.var(target) / 2
    else:
        assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)
        assert (scores.argmax(axis=1) == target).mean() > 0.7


@pytest.mark.parametrize("kind", SMALL)
def test_a_class_that_a_fold_lacks_is_never_predicted(kind: CandidateKind) -> None:
    schema = schema_of("multiclass")
    train = table("multiclass")
    train = train[train["target"] != "low"]
    native = fit(
        kind, SMALL[kind], encode_frame(train, schema), encode_target(train, schema), schema, 0
    )
    scores = score(native, encode_frame(train, schema), schema)
    assert (scores[:, schema.classes.index("low")] == 0).all()


@pytest.mark.parametrize("kind", SMALL)
def test_the_same_seed_gives_the_same_scores(kind: CandidateKind) -> None:
    schema, train = schema_of("binary"), table("binary")
    matrix, target = encode_frame(train, schema), encode_target(train, schema)
    first, second = (
        score(fit(kind, SMALL[kind], matrix, target, schema, 5), matrix, schema) for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_an_unknown_parameter_is_told_with_its_near_miss() -> None:
    schema, train = schema_of("binary"), table("binary", 50)
    with pytest.raises(ConfigError, match="max_leaf_nodes"):
        fit(
            "boosting",
            {"max_leaf_node": 3},
            encode_frame(train, schema),
            encode_target(train, schema),
            schema,
            0,
        )


def test_a_value_that_scikit_learn_refuses_is_a_config_error() -> None:
    schema, train = schema_of("binary"), table("binary", 50)
    with pytest.raises(ConfigError, match="learning_rate"):
        fit(
            "boosting",
            {"learning_rate": -1.0},
            encode_frame(train, schema),
            encode_target(train, schema),
            schema,
            0,
        )


def test_an_unknown_network_parameter_is_told_with_its_near_miss() -> None:
    from steps.training.estimators import network_parameters

    with pytest.raises(ConfigError, match="dropout"):
        network_parameters({"dropuot": 0.1})
    with pytest.raises(ConfigError, match="'patience'"):
        network_parameters({"patience": 0})
