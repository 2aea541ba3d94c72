"""The choice of parameters inside the training rows."""

import numpy as np
import pytest

from serving.errors import ConfigError, DataError
from steps.data.encoding import encode_frame, encode_target
from steps.evaluation.metrics import find_metric
from steps.training.folds import assign_folds, groups_of
from steps.training.settings import CandidateSettings, TuningSettings
from steps.training.tuning import TrainingData, better, out_of_fold, sample, tune
from tests.unit.training.tables import schema_of, table

SEARCH = CandidateSettings(
    name="linear", kind="linear", parameters={"C": 1.0}, search={"C": (1e-6, 0.1, 1.0)}
)
ROC_AUC = find_metric("roc_auc", "binary")


def binary_data(rows: int = 200) -> TrainingData:
    """Encoded rows with folds."""
    schema, train = schema_of("binary"), table("binary", rows)
    target = encode_target(train, schema)
    folds = assign_folds(target, schema, TuningSettings(), 0)
    return TrainingData(encode_frame(train, schema), target, folds, schema)


def test_the_own_parameters_come_first_and_no_point_twice() -> None:
    points = list(sample(SEARCH, 10, 0))
    assert points[0] == {"C": 1.0}
    assert sorted(point["C"] for point in points) == [1e-6, 0.1, 1.0]


def test_the_trials_keep_to_the_budget_and_to_the_seed() -> None:
    wide = CandidateSettings(
        name="b",
        kind="boosting",
        search={"max_iter": tuple(range(1, 50)), "max_leaf_nodes": tuple(range(2, 50))},
    )
    points = list(sample(wide, 5, 3))
    assert len(points) == 5
    assert points == list(sample(wide, 5, 3))
    assert points != list(sample(wide, 5, 4))


def test_without_a_search_space_there_is_one_trial() -> None:
    plain = CandidateSettings(name="linear", kind="linear", parameters={"C": 2.0})
    assert list(sample(plain, 5, 0)) == [{"C": 2.0}]


def test_each_trial_records_its_own_parameters_and_its_own_score() -> None:
    """A template of the field compared one trial's result with itself, over and over."""
    data = binary_data()
    tuned = tune(SEARCH, data, TuningSettings(trials=3), ROC_AUC, 0)
    assert len({trial.score for trial in tuned.trials}) == 3
    for trial in tuned.trials:
        oof = out_of_fold(SEARCH, trial.parameters, data, 0)
        folds = [data.folds == fold for fold in range(3)]
        alone = [ROC_AUC.function(data.target[rows], oof[rows]) for rows in folds]
        assert trial.fold_scores == tuple(alone)
        assert trial.score == pytest.approx(np.mean(alone))


def test_the_best_trial_is_chosen_by_the_direction_of_the_metric() -> None:
    data = binary_data()
    high = tune(SEARCH, data, TuningSettings(trials=3), ROC_AUC, 0)
    low = tune(SEARCH, data, TuningSettings(trials=3), find_metric("log_loss", "binary"), 0)
    assert high.best.score == max(trial.score for trial in high.trials)
    assert low.best.score == min(trial.score for trial in low.trials)
    assert np.array_equal(high.oof, out_of_fold(SEARCH, high.best.parameters, data, 0))


def test_no_row_is_scored_by_a_model_that_saw_it() -> None:
    """A forest of whole trees knows its own rows by heart, and not those of another fold."""
    data = binary_data(120)
    random = np.random.default_rng(0).integers(0, 2, 120)
    data = TrainingData(data.matrix, random, data.folds, data.schema)
    forest = CandidateSettings(name="f", kind="extra_trees", parameters={"n_estimators": 10})
    oof = out_of_fold(forest, {"n_estimators": 10}, data, 0)
    assert ROC_AUC.function(random, oof) < 0.65


def test_a_spent_budget_of_seconds_ends_the_trials_after_the_first() -> None:
    tuned = tune(SEARCH, binary_data(), TuningSettings(trials=3, max_seconds=1e-9), ROC_AUC, 0)
    assert len(tuned.trials) == 1


def test_a_score_that_is_no_number_never_wins() -> None:
    nan = float("nan")
    assert not better(nan, 0.1, ROC_AUC)
    assert better(0.1, nan, ROC_AUC)


def test_folds_are_seeded_stratified_and_equal_for_every_candidate() -> None:
    schema = schema_of("multiclass")
    target = encode_target(table("multiclass"), schema)
    settings = TuningSettings(folds=4)
    folds = assign_folds(target, schema, settings, 7)
    assert np.array_equal(folds, assign_folds(target, schema, settings, 7))
    assert not np.array_equal(folds, assign_folds(target, schema, settings, 8))
    shares = [np.bincount(target[folds == fold], minlength=3) for fold in range(4)]
    assert np.ptp(shares, axis=0).max() <= 1


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_group_stays_in_one_fold(task: str) -> None:
    schema = schema_of("binary" if task == "binary" else "regression")
    train = table(schema.task).assign(owner=lambda frame: frame.index % 20)
    settings = TuningSettings(group="owner")
    folds = assign_folds(
        encode_target(train, schema), schema, settings, 0, groups_of(train, settings)
    )
    assert (train.assign(fold=folds).groupby("owner")["fold"].nunique() == 1).all()


def test_an_absent_group_column_is_told_with_its_near_miss() -> None:
    with pytest.raises(ConfigError, match="colour"):
        groups_of(table("binary", 10), TuningSettings(group="color"))


def test_a_class_without_training_rows_is_refused_by_name() -> None:
    schema = schema_of("multiclass")
    with pytest.raises(DataError, match="'middle'"):
        assign_folds(np.array([0, 1] * 20), schema, TuningSettings(), 0)


def test_a_class_with_fewer_rows_than_folds_can_be_trained_on() -> None:
    schema = schema_of("multiclass")
    train = table("multiclass", 100)
    target = np.zeros(100, dtype=np.int64)
    target[:50], target[50] = 1, 2
    folds = assign_folds(target, schema, TuningSettings(), 0)
    data = TrainingData(encode_frame(train, schema), target, folds, schema)
    metric = find_metric("log_loss", "multiclass")
    for kind in ("boosting", "linear"):
        candidate = CandidateSettings.model_validate({"name": "c", "kind": kind})
        assert np.isfinite(tune(candidate, data, TuningSettings(), metric, 0).best.score)
