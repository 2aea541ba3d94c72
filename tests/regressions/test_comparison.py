"""Defects of comparing and scoring models in this field's templates."""

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from serving.errors import DataError, RequestError
from serving.model import Model
from steps.data.encoding import encode_frame
from steps.evaluation.comparison import Files, compare_candidate
from steps.evaluation.measure import candidate_digest, score_frame
from steps.evaluation.settings import GateSettings
from steps.registry.version import Champion, Version
from tests.unit.evaluation.models import SPLIT, candidate, logistic, schema_of, sides, table
from tests.unit.training.tables import schema_of as schema_for
from tests.unit.training.tables import table as mixed_table

GATE = GateSettings(resamples=200)


def test_the_champion_is_scored_through_its_own_schema() -> None:
    """Defect: the champion was scored through the challenger's preprocessor, and always lost."""
    good = candidate([0.0, 3.0], schema_of("z", "x"), name="good")
    blind = candidate([0.0, 3.0], schema_of("x", "z"), name="blind")
    tags = {"split": SPLIT.model_dump_json(), "identity": json.dumps(["x", "z"])}
    held = Version(
        model="m",
        version="7",
        digest=candidate_digest(good),
        run_id="r",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        bundle_uri="",
        tags=tags,
    )
    files = Files(good.onnx, good.schema.to_json())
    train_rows, test_rows = sides(table(2000))
    decision = compare_candidate(
        blind, Champion(model="m", version=held), files, train_rows, test_rows, GATE, SPLIT
    ).decision
    assert decision.against == "champion"
    assert decision.outcome == "refuse"
    assert decision.rival_score
    assert decision.challenger_score
    # Read in the challenger's order of columns, the two models are one and the same.
    assert (decision.rival_score.value or 0) > 0.8
    assert (decision.challenger_score.value or 1) < 0.6


def test_every_row_keeps_its_own_score() -> None:
    """Defect: inference dropped incomplete rows, so that predictions stood beside other rows."""
    schema = schema_for("binary")
    rows = mixed_table("binary", 60)
    rows.loc[3, "colour"] = "never seen"
    assert rows.isna().any(axis=1).sum() > 3
    matrix = encode_frame(rows, schema)
    assert len(matrix) == len(rows)
    for number in (0, 3, 59):
        alone = encode_frame(rows.iloc[[number]].reset_index(drop=True), schema)
        assert np.array_equal(alone[0], matrix[number], equal_nan=True)
    model = Model.from_bytes(logistic([1.0, 1.0]), schema_of("x", "z").to_json())
    gaps = pd.DataFrame({"x": [1.0, np.nan, 3.0], "z": [0.0, 0.0, 0.0]})
    scores = score_frame(model, gaps)
    assert len(scores) == 3
    whole = score_frame(model, gaps.iloc[[0, 2]].reset_index(drop=True))
    assert np.array_equal(scores[[0, 2]], whole)


def test_a_missing_column_is_refused_and_never_made_up() -> None:
    """Defect: a missing feature was filled with a default: a typo scored a row of fiction."""
    model = Model.from_bytes(logistic([1.0, 1.0]), schema_of("income", "age").to_json())
    with pytest.raises(RequestError, match="Column 'age' is missing"):
        model.predict({"income": [1.0]})
    with pytest.raises(RequestError, match=r"Unknown column 'incme'. Did you mean 'income'\?"):
        model.predict({"incme": [1.0], "age": [2.0]})
    with pytest.raises(DataError, match=r"no column 'income'.* Did you mean 'incme'\?"):
        encode_frame(pd.DataFrame({"incme": [1.0], "age": [2.0]}), model.schema)
