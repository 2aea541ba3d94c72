"""The matrix that models read, from tables and from requests alike."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.encoding import encode
from serving.errors import DataError
from serving.schema import Column, TableSchema
from steps.data.dtypes import normalise
from steps.data.encoding import encode_frame, encode_target
from steps.data.schema import json_value
from steps.data.settings import ColumnSettings, ValidationSettings
from tests.unit.data.tables import SOURCE, customers, schema_of

SCHEMA = TableSchema(
    task="binary",
    target="y",
    columns=(
        Column("whole", "numeric", "int64", 0.1, -9, 9),
        Column("real", "numeric", "float64", 0.1, -9, 9),
        Column("when", "datetime", "datetime64", 0.1, 0, 9, origin="2020-02-29"),
        Column("text", "categorical", "str", 0.1, categories=("", "a", "b")),
        Column("flag", "categorical", "bool", 0.1, categories=("false", "true")),
        Column("code", "categorical", "int64", 0.1, categories=("-1", "3", "10")),
        Column("rate", "categorical", "float64", 0.1, categories=("0.5", "1.0")),
    ),
    classes=("no", "yes"),
)
VALUES = {
    "whole": st.integers(-(2**53), 2**53),
    "real": st.floats(width=32, allow_nan=False, allow_infinity=False) | st.floats(-1e30, 1e30),
    "when": st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2150-01-01")),
    "text": st.sampled_from(["", "a", "b", "other", "é"]),
    "flag": st.booleans(),
    "code": st.sampled_from([-1, 3, 10, 4, 2**40]),
    "rate": st.sampled_from([0.5, 1.0, 2.0, 0.25]),
}
DTYPES = {"whole": "float64", "text": "str", "when": "datetime64[us]", "flag": "boolean"}
ROW = st.fixed_dictionaries({name: st.none() | value for name, value in VALUES.items()})


@settings(max_examples=30, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12))
def test_a_table_and_a_request_are_encoded_alike(rows: list[dict[str, object]]) -> None:
    """The same rows give the same numbers in training and in serving."""
    columns = {
        name: pd.Series([row[name] for row in rows], dtype=DTYPES.get(name, "float64"))
        for name in VALUES
    }
    frame = normalise(pd.DataFrame(columns))
    request = {
        column.name: [json_value(value, column) for value in frame[column.name]]
        for column in SCHEMA.columns
    }
    np.testing.assert_array_equal(encode_frame(frame, SCHEMA), encode(SCHEMA, request))


def test_the_matrix_has_its_documented_codes() -> None:
    """Numbers stay, times are days, categories are places; unseen is K and missing K + 1."""
    frame = normalise(
        pd.DataFrame(
            {
                "text": ["b", "z", None],
                "flag": [True, False, None],
                "code": [10, 5, None],
                "rate": [1.0, 2.0, None],
                "whole": [1, 2, None],
                "real": [0.5, 1.5, None],
                "when": ["2020-03-01T12:00:00", "2020-02-28", None],
            }
        )
    )
    expected = [[1, 0.5, 1.5, 2, 1, 2, 1], [2, 1.5, -1, 3, 0, 3, 2], [np.nan] * 3 + [4, 3, 4, 3]]
    matrix = encode_frame(frame, SCHEMA)
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, np.array(expected, dtype=np.float32))


def test_an_empty_table_is_an_empty_matrix() -> None:
    """No rows are no rows."""
    assert encode_frame(customers()[:0], schema_of(customers())).shape == (0, 5)


def test_absent_and_mistyped_columns_are_refused(table: pd.DataFrame) -> None:
    """A column the model reads must be there, in its type."""
    schema = schema_of(table)
    with pytest.raises(DataError, match=r"no column 'city'.*Did you mean 'citty'"):
        encode_frame(table.rename(columns={"city": "citty"}), schema)
    with pytest.raises(DataError, match="'age' holds str where the model reads int64"):
        encode_frame(table.assign(age="old"), schema)


def test_unseen_categories_can_be_refused(table: pd.DataFrame) -> None:
    """A schema that refuses unseen categories names the one met."""
    schema = replace(schema_of(table), unseen="refuse")
    with pytest.raises(DataError, match=r"'city' has no category 'Olso'\. Did you mean 'Oslo'"):
        encode_frame(table.assign(city="Olso"), schema)


def test_numbers_beyond_32_bits_are_refused(table: pd.DataFrame) -> None:
    """A number that would become infinite is refused."""
    with pytest.raises(DataError, match="'income' holds infinite"):
        encode_frame(table.assign(income=1e39), schema_of(table))


def test_targets_are_places_in_the_classes(table: pd.DataFrame) -> None:
    """A class is encoded by its place, and an unknown one is refused."""
    schema = schema_of(table)
    codes = encode_target(table, schema)
    assert codes.dtype == np.int64
    assert [schema.classes[code] for code in codes] == table["bought"].tolist()
    with pytest.raises(DataError, match=r"'yess' is no class of 'bought'\. Did you mean 'yes'"):
        encode_target(table.assign(bought="yess"), schema)
    with pytest.raises(DataError, match="missing in 400 rows"):
        encode_target(table.assign(bought=None), schema)


def test_quantities_stay_what_they_are(table: pd.DataFrame) -> None:
    """The target of a regression is its value."""
    table["spent"] = np.linspace(0.5, 9.5, len(table))
    source = ColumnSettings(target="spent")
    values = encode_target(table, schema_of(table, source))
    np.testing.assert_array_equal(values, table["spent"])


def test_the_schema_is_learnt(table: pd.DataFrame) -> None:
    """Types, gaps, ranges, categories, order and examples are those of the rows."""
    schema = schema_of(table)
    assert schema.names == ("age", "income", "since", "city", "member")
    assert schema.column("age") == Column("age", "numeric", "int64", 0.0, 18.0, 89.0)
    assert schema.column("city").categories == ("Bern", "Lyon", "Oslo")
    assert schema.column("member").categories == ("false", "true")
    assert schema.column("since").origin == str(table["since"].min().date())
    assert schema.column("income").missing_share == pytest.approx(table["income"].isna().mean())
    assert TableSchema.from_json(schema.to_json()) == schema
    request = {name: [row[name] for row in schema.examples] for name in schema.names}
    np.testing.assert_array_equal(
        encode(schema, request), encode_frame(table, schema)[[0, 199, -1]]
    )


def test_only_the_most_frequent_categories_are_kept(table: pd.DataFrame) -> None:
    """The rarest categories have no code of their own."""
    table.loc[:49, "city"] = "Riga"
    counts = table["city"].value_counts()
    schema = schema_of(table, SOURCE, ValidationSettings(max_categories=3))
    assert set(schema.column("city").categories) == set(counts.index[:3])
    assert len(schema.column("city").categories) == 3
