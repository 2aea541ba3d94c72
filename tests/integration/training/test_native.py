"""The native scikit-learn model on the table's own rows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.schema import Column, TableSchema
from steps.data.encoding import encode_frame, encode_target
from steps.training.estimators import fit, score
from steps.training.native import native_pipeline
from tests.unit.training.tables import schema_of, table

SCHEMA = TableSchema(
    "binary",
    "y",
    (
        Column("x", "numeric", "float64", 0.1),
        Column("i", "numeric", "int64"),
        Column("t", "datetime", "datetime64", 0.1, origin="2013-01-01"),
        Column("s", "categorical", "str", 0.1, categories=("b", "a")),
        Column("b", "categorical", "bool", 0.1, categories=("false", "true")),
        Column("k", "categorical", "int64", 0.1, categories=("3", "10")),
        Column("f", "categorical", "float64", 0.1, categories=("0.5", "2.0")),
    ),
    ("n", "y"),
)
MAYBE = st.one_of(st.none(), st.booleans())
ROW = st.tuples(
    st.one_of(st.none(), st.floats(-1e30, 1e30)),
    st.integers(-(2**40), 2**40),
    st.one_of(st.none(), st.datetimes(pd.Timestamp("1970-01-01"), pd.Timestamp("2100-01-01"))),
    st.one_of(st.none(), st.sampled_from(["a", "b", "c", ""])),
    MAYBE,
    st.one_of(st.none(), st.sampled_from([3, 10, 4])),
    st.one_of(st.none(), st.sampled_from([0.5, 2.0, 7.0])),
)


def frame_of(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    """A table with the types that reading gives."""
    types = ["float64", "int64", "datetime64[us]", "str", "boolean", "float64", "float64"]
    columns = zip(SCHEMA.names, zip(*rows, strict=True), types, strict=True)
    return pd.DataFrame({name: pd.Series(values, dtype=kind) for name, values, kind in columns})


@settings(max_examples=25, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8))
def test_its_encoding_is_the_one_of_the_encoded_matrix(rows: list[tuple[object, ...]]) -> None:
    frame = frame_of(rows)
    pipeline = native_pipeline(None, SCHEMA)
    encoded = pipeline.named_steps["encode"].transform(frame)
    assert encoded.dtype == np.float32
    assert np.array_equal(encoded, encode_frame(frame, SCHEMA), equal_nan=True)


def test_it_answers_raw_rows_as_the_model_answers_encoded_ones() -> None:
    schema, rows = schema_of("multiclass"), table("multiclass")
    matrix = encode_frame(rows, schema)
    native = fit("boosting", {"max_iter": 5}, matrix, encode_target(rows, schema), schema, 0)
    answers = native_pipeline(native, schema).predict_proba(rows)
    assert np.array_equal(answers.astype(np.float32), score(native, matrix, schema))


def test_it_refuses_an_unseen_category_where_the_schema_does() -> None:
    strict = replace(schema_of("binary"), unseen="refuse")
    rows = table("binary", 5).assign(code=99)
    with pytest.raises(ValueError, match="unknown categories"):
        native_pipeline(None, strict).named_steps["encode"].transform(rows)
