"""A batch holds every row to the contract that a request is held to."""

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.encoding import encode
from serving.errors import DataError, RequestError
from serving.schema import TableSchema
from steps.inference.rows import encode_rows
from tests.unit.serving import tiny

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "age": st.floats(0, 99) | st.just("old") | st.none(),
    "visits": st.integers(0, 9) | st.sampled_from([2.5, "many"]) | st.none(),
    "joined": st.sampled_from(["2021-06-01", "2021-06-01T12:00:00", "soon"]) | st.none(),
    "city": st.sampled_from(["Bonn", "Ulm", "Rome"]) | st.none(),
    "tier": st.sampled_from([1, 3, 9, "high"]) | st.none(),
    "member": st.booleans() | st.sampled_from(["perhaps"]) | st.none(),
}
ROW = st.fixed_dictionaries(VALUES)


def asked(row: dict[str, object], schema: TableSchema) -> Any:
    """The matrix of a request, or the column that it is refused for."""
    try:
        return encode(schema, {name: [row[name]] for name in schema.names})
    except RequestError as error:
        return error.column


@pytest.mark.parametrize("unseen", ["other", "refuse"])
@settings(max_examples=40, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=8))
def test_a_row_is_faulty_where_a_request_is_refused(
    unseen: str, rows: list[dict[str, object]]
) -> None:
    """And where it is not, it is encoded to the very numbers of the request."""
    schema = tiny.schema(unseen=unseen)
    frame = pd.DataFrame(rows, dtype=object)
    matrix, faults = encode_rows(frame, schema)
    for place, row in enumerate(rows):
        answer = asked(row, schema)
        assert faults.mask[place] == isinstance(answer, str), (row, faults.reasons[place])
        if not isinstance(answer, str):
            np.testing.assert_array_equal(matrix[place], answer[0])


def test_a_reason_names_the_column_and_the_value() -> None:
    """The first fault of a row, in the order of the model's columns."""
    _, faults = encode_rows(pd.DataFrame([{**tiny.ROW, "age": "old", "tier": None}]), tiny.schema())
    assert faults.reasons[0] == "Column 'age' holds 'old', not a finite number."


def test_a_csv_is_read_as_its_text_says() -> None:
    """Truth, times and whole numbers from the text of a file."""
    text = "age,visits,joined,city,tier,member\n41.5,3,2021-06-01T12:00:00,Köln,2,True\n"
    types = {"city": "str", "joined": "str"}
    matrix, faults = encode_rows(pd.read_csv(io.StringIO(text), dtype=types), tiny.schema())
    assert not faults.mask.any()
    expected = encode(tiny.schema(), {name: [value] for name, value in tiny.ROW.items()})
    np.testing.assert_array_equal(matrix, expected)


def test_a_column_that_is_absent_ends_it() -> None:
    """No row has it: nothing to mark."""
    with pytest.raises(DataError, match=r"no column 'visits'.*Did you mean 'visit'"):
        encode_rows(pd.DataFrame([tiny.ROW]).rename(columns={"visits": "visit"}), tiny.schema())
