"""Defects of tuning in this field's templates."""

import inspect

import numpy as np

from steps.data.encoding import encode_frame, encode_target
from steps.data.settings import SplitSettings
from steps.evaluation.measure import evaluate_candidates
from steps.evaluation.metrics import find_metric
from steps.evaluation.settings import GateSettings
from steps.training.folds import assign_folds
from steps.training.settings import CandidateSettings, TuningSettings
from steps.training.steps import blend, train_candidate
from steps.training.tuning import TrainingData, judge, out_of_fold, tune
from tests.unit.evaluation.models import candidate, schema_of, sides
from tests.unit.evaluation.models import table as scored_table
from tests.unit.training.tables import schema_of as schema_for
from tests.unit.training.tables import table

METRIC = find_metric("roc_auc", "binary")


def test_each_trial_is_judged_by_its_own_model() -> None:
    """Defect: a tuning selector read the same artifact for every trial."""
    space = CandidateSettings(
        name="linear", kind="linear", parameters={"C": 1.0}, search={"C": (1e-6, 1e-3)}
    )
    schema, rows = schema_for("binary"), table("binary", 200)
    target, settings = encode_target(rows, schema), TuningSettings(folds=2, trials=3)
    folds = assign_folds(target, schema, settings, 0)
    data = TrainingData(encode_frame(rows, schema), target, folds, schema)
    tuned = tune(space, data, settings, METRIC, 0)
    assert len({trial.score for trial in tuned.trials}) == 3
    for trial in tuned.trials:
        alone = out_of_fold(space, trial.parameters, data, 0)
        assert judge(trial.parameters, alone, data, METRIC) == trial
    assert tuned.best == max(tuned.trials, key=lambda trial: trial.score)
    assert np.array_equal(tuned.oof, out_of_fold(space, tuned.best.parameters, data, 0))


def test_the_test_rows_choose_nothing() -> None:
    """Defect: trials, and the best of the models, were chosen by their score on the test set."""
    for step in (train_candidate, blend):
        assert "test_rows" not in inspect.signature(step.entrypoint).parameters
    _, test_rows = sides(scored_table(600))
    shining = candidate([3.0, 0.0], schema_of("x", "z"), name="shining", cv=0.7)
    solid = candidate([0.0, 3.0], schema_of("x", "z"), name="solid", cv=0.8)
    measured = evaluate_candidates(
        [shining, solid], test_rows, GateSettings(resamples=100), SplitSettings()
    )
    on_the_test = {each.candidate: each.score("roc_auc").value for each in measured.candidates}
    assert (on_the_test["shining"] or 0) > (on_the_test["solid"] or 0)
    assert measured.challenger == "solid"
