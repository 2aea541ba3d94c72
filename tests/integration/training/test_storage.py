"""A candidate written to files and read again."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from steps.training.candidate import Candidate
from steps.training.estimators import score
from steps.training.settings import CandidateKind, CandidateSettings, TuningSettings
from steps.training.storage import content_hash, from_files, to_files
from steps.training.training import prepare, train
from tests.unit.training.tables import schema_of, table

SMALL: dict[CandidateKind, dict[str, Any]] = {
    "linear": {},
    "forest": {"n_estimators": 5},
    "extra_trees": {"n_estimators": 5},
    "boosting": {"max_iter": 5},
    "network": {"epochs": 1, "hidden": (8, 4)},
}


@cache
def trained(kind: CandidateKind, seed: int = 0) -> Candidate:
    """A candidate on the small table."""
    data = prepare(table("multiclass", 150), schema_of("multiclass"), TuningSettings(), 0)
    settings = CandidateSettings(name=kind, kind=kind, parameters=SMALL[kind])
    return train(settings, data, TuningSettings(folds=2), "", seed)


@pytest.mark.parametrize("kind", SMALL)
def test_a_candidate_comes_back_as_it_was(kind: CandidateKind) -> None:
    candidate = trained(kind)
    again = from_files(to_files(candidate).get)
    for name in ("name", "kind", "onnx", "schema", "parameters", "metric", "cv_scores", "trials"):
        assert getattr(again, name) == getattr(candidate, name)
    assert np.array_equal(again.oof, candidate.oof)
    assert np.array_equal(again.folds, candidate.folds)
    assert content_hash(again) == content_hash(candidate)
    data = prepare(table("multiclass", 150), candidate.schema, TuningSettings(), 0)
    scores = [score(one.native_model(), data.matrix, data.schema) for one in (candidate, again)]
    assert np.array_equal(scores[0], scores[1])


def test_no_file_holds_a_pickled_object() -> None:
    for kind in SMALL:
        names = set(to_files(trained(kind)))
        assert not {name for name in names if name.endswith((".pkl", ".joblib"))}


def test_a_blend_has_no_native_model() -> None:
    blend = replace(trained("linear"), native=None)
    assert from_files(to_files(blend).get).native_model() is None


def test_the_content_is_the_model_and_not_the_time_it_took() -> None:
    candidate = trained("boosting")
    assert content_hash(candidate) == content_hash(replace(candidate, seconds=9.0))
    assert content_hash(candidate) == content_hash(trained.__wrapped__("boosting"))
    assert content_hash(candidate) != content_hash(replace(candidate, oof=candidate.oof + 1))


def test_a_missing_file_is_named() -> None:
    files = to_files(trained("linear"))
    del files["model.onnx"]
    with pytest.raises(FileNotFoundError, match=r"model\.onnx"):
        from_files(files.get)
