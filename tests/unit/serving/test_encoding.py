"""Rows are checked and encoded, or refused with the column's name; nothing is filled in."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.encoding import Encoder, encode
from serving.errors import RequestError
from tests.unit.serving.tiny import COLUMNS, EMPTY_ROW, ROW, columns, schema

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "age": st.none()
    | st.floats(width=32, allow_nan=False, allow_infinity=False)
    | st.integers(-9, 9),
    "visits": st.integers(-(2**31), 2**31) | st.floats(-1e6, 1e6),
    "joined": st.none() | st.datetimes().map(lambda moment: moment.isoformat()),
    "city": st.none() | st.sampled_from(["Bonn", "Köln", "Ulm", "Rom"]),
    "tier": st.integers(0, 4) | st.sampled_from([1.0, 3.0]),
    "member": st.booleans(),
}


def test_a_row_becomes_its_numbers_and_codes() -> None:
    encoded = encode(schema(), columns(ROW))
    assert encoded.dtype == np.float32
    assert encoded.tolist() == [[41.5, 3.0, 517.5, 1.0, 1.0, 1.0]]


def test_missing_values_become_nan_or_the_last_code() -> None:
    encoded = encode(schema(), columns(EMPTY_ROW))[0]
    assert math.isnan(encoded[0])
    assert math.isnan(encoded[2])
    assert encoded[3] == 4.0


def test_an_unseen_category_is_other_unless_the_schema_refuses_it() -> None:
    row = columns({**ROW, "city": "Kölln"})
    assert encode(schema(), row)[0, 3] == 3.0
    with pytest.raises(RequestError, match="'city' has no category 'Kölln'"):
        encode(schema(unseen="refuse"), row)


def test_times_with_a_zone_are_taken_to_utc() -> None:
    zoned = columns({**ROW, "joined": "2021-06-01T14:00:00+02:00"})
    assert encode(schema(), zoned)[0, 2] == encode(schema(), columns(ROW))[0, 2]


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("age", "41", "numbers; row 0 holds '41'"),
        ("age", True, "numbers; row 0 holds true"),
        ("age", [1], "numbers; row 0 holds a list"),
        ("age", {"a": 1}, "numbers; row 0 holds an object"),
        ("age", math.nan, "finite 32-bit numbers; row 0 holds nan"),
        ("age", math.inf, "finite 32-bit numbers; row 0 holds inf"),
        ("age", 1e39, "finite 32-bit numbers; row 0 holds 1e+39"),
        ("age", 10**400, "finite 32-bit numbers; row 0 holds a number beyond 64 bits"),
        ("visits", None, "may not be null"),
        ("joined", 5, "ISO 8601 text; row 0 holds 5"),
        ("joined", "soon", "ISO 8601 times; row 0 holds 'soon'"),
        ("joined", "9999-12-31T23:00:00-05:00", "ISO 8601 times; row 0 holds '9999"),
        ("city", 7, "text; row 0 holds 7"),
        ("city", "x" * 500, None),
        ("tier", "2", "whole numbers; row 0 holds '2'"),
        ("tier", 2.5, "whole numbers; row 0 holds 2.5"),
        ("tier", math.nan, "whole numbers; row 0 holds nan"),
        ("tier", True, "whole numbers; row 0 holds true"),
        ("member", 1, "true or false; row 0 holds 1"),
        ("member", "true", "true or false; row 0 holds 'true'"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_column(
    column: str, value: object, told: str | None
) -> None:
    """The same whether the encoder has met rows of these types before or not."""
    encoder = Encoder(schema())
    for _ in range(2):
        if told is None:
            encoder.encode(columns({**ROW, column: value}))
            continue
        with pytest.raises(RequestError, match=f"'{column}'") as refused:
            encoder.encode(columns({**ROW, column: value}))
        assert told in str(refused.value)
        assert refused.value.column == column
        encoder.encode(columns(ROW))


def test_an_unknown_column_is_refused_with_its_near_miss() -> None:
    row = columns(ROW)
    row["agee"] = row.pop("age")
    with pytest.raises(RequestError, match=r"'agee'\. Did you mean 'age'"):
        encode(schema(), row)


def test_a_missing_column_is_refused_and_not_filled_in() -> None:
    row = columns(ROW)
    del row["age"]
    with pytest.raises(RequestError, match="Column 'age' is missing"):
        encode(schema(), row)


def test_an_extra_column_is_refused_even_beside_all_others() -> None:
    encoder = Encoder(schema())
    encoder.encode(columns(ROW))
    with pytest.raises(RequestError, match="Unknown column 'height'"):
        encoder.encode({**columns(ROW), "height": [1]})


def test_columns_of_unlike_length_are_refused() -> None:
    with pytest.raises(RequestError, match="'visits' has 2 rows where 'age' has 1"):
        encode(schema(), {**columns(ROW), "visits": [1, 2]})


def test_no_rows_are_refused() -> None:
    with pytest.raises(RequestError, match="no rows"):
        encode(schema(), {column.name: [] for column in COLUMNS})


@given(st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=8))
def test_rows_alone_are_encoded_as_they_are_together(rows: list[dict[str, object]]) -> None:
    """The quick way for a single row and the general one agree to the bit."""
    encoder = Encoder(schema())
    together = encoder.encode(columns(*rows))
    first = np.vstack([encoder.encode(columns(row)) for row in rows])
    again = np.vstack([encoder.encode(columns(row)) for row in rows])
    assert together.tobytes() == first.tobytes() == again.tobytes()
