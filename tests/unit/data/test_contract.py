"""A table held against the champion's schema."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from serving.errors import DataError
from steps.data.contract import check_contract
from steps.data.settings import ColumnSettings, ValidationSettings
from steps.data.validate import check_table
from tests.unit.data.tables import CHECKED, SOURCE, customers, schema_of

CONTRACT = schema_of(customers())
ACCEPTING = ValidationSettings(accept_schema=True)

Change = Callable[[pd.DataFrame], pd.DataFrame]


def told(table: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Level and text of each finding, by its kind."""
    found = check_table(table, SOURCE, CHECKED, CONTRACT).findings
    return {finding.kind: (finding.level, finding.text) for finding in found}


def test_the_same_table_keeps_its_contract(table: pd.DataFrame) -> None:
    """Nothing has changed where nothing has, not even when the columns change places."""
    assert told(table) == {}
    assert told(table[table.columns[::-1]]) == {}


BREAKS: list[tuple[Change, str]] = [
    (lambda table: table.drop(columns="city"), "'city' was dropped"),
    (lambda table: table.assign(height=table["age"] * 1.7 + 80), "'height' was added"),
    (lambda table: table.rename(columns={"income": "incomes"}), "'income' looks renamed to 'inco"),
    (lambda table: table.rename(columns={"city": "town"}), "'city' looks renamed to 'town'"),
    (lambda table: table.rename(columns={"age": "years"}), "'age' looks renamed to 'years'"),
    (
        lambda table: table.assign(age=table["age"].astype("str").replace("40", "forty")),
        r"'age' held numbers \(int64\) and now holds text, the first 'forty' in row \d+",
    ),
    (lambda table: table.assign(city=range(len(table))), "'city' held text .* now holds int64"),
    (lambda table: table.assign(member=table["member"].map(int)), "'member' held categories"),
    (
        lambda table: table.assign(since=["2020-01-01", "soon"] * (len(table) // 2)),
        r"'since' held times .* the first 'soon' in row 2",
    ),
    (lambda table: table.assign(bought=table["bought"] == "yes"), "class the .*: 'false'"),
    (lambda table: table.assign(bought=table["income"].fillna(0)), r"predicts 'bought' \(binary\)"),
]


@pytest.mark.parametrize(("change", "text"), BREAKS)
def test_changed_columns_are_refused(table: pd.DataFrame, change: Change, text: str) -> None:
    """A column added, dropped, renamed or of another type is named, with the way out."""
    with pytest.raises(DataError, match=text) as caught:
        check_table(change(table), SOURCE, CHECKED, CONTRACT)
    assert "validation.accept_schema" in str(caught.value)


@pytest.mark.parametrize(("change", "text"), BREAKS)
def test_changed_columns_can_be_accepted(table: pd.DataFrame, change: Change, text: str) -> None:
    """A deliberate change becomes a warning."""
    found = check_table(change(table), SOURCE, ACCEPTING, CONTRACT).warnings
    assert any(finding.kind == "schema" for finding in found), text


def test_gaps_may_turn_integers_into_floats(table: pd.DataFrame) -> None:
    """A number is a number: a missing value is a note, not another type."""
    table["age"] = table["age"].astype("float64").where(table.index != 7)
    assert told(table) == {
        "missing": ("note", "'age' was never missing and now is in 0.2% of rows.")
    }


def test_a_grown_missing_share_is_told(table: pd.DataFrame) -> None:
    """A column that is missing much more often is a warning with both shares."""
    table["income"] = table["income"].where(table.index % 2 == 0)
    level, text = told(table)["missing"]
    assert level == "warning"
    assert text == "The missing share of 'income' grew from 9.2% to 54.8%."


def test_a_column_that_went_missing_is_told(table: pd.DataFrame) -> None:
    """A column without any value left is a warning, not a type error."""
    assert told(table.assign(city=None))["missing"][0] == "warning"


def test_new_categories_are_told(table: pd.DataFrame) -> None:
    """A few rows of a new category are a note, many a warning."""
    table.loc[:1, "city"] = "Riga"
    assert told(table)["category"][0] == "note"
    table.loc[:99, "city"] = "Riga"
    level, text = told(table)["category"]
    assert level == "warning"
    assert "('Riga'), in 25.0% of rows" in text


@pytest.mark.parametrize(("column", "value"), [("age", 200), ("since", pd.Timestamp("2031-01-01"))])
def test_values_out_of_range_are_told(table: pd.DataFrame, column: str, value: object) -> None:
    """A few values out of range are a note, many a warning."""
    table.loc[:1, column] = value
    assert told(table)["range"][0] == "note"
    table.loc[:99, column] = value
    assert told(table)["range"][0] == "warning"


def test_columns_that_training_left_out_are_not_new(table: pd.DataFrame) -> None:
    """A constant or identifying column, left out then and now, breaks no contract."""
    wide = table.assign(shop="Oslo", code=[f"c-{row}" for row in range(len(table))])
    kinds = {finding.kind for finding in check_table(wide, SOURCE, CHECKED, CONTRACT).findings}
    assert kinds == {"constant", "identifier"}


def test_predictions_need_no_target(table: pd.DataFrame) -> None:
    """A table to be scored may lack the target and hold columns of its own."""
    scored = table.drop(columns="bought").assign(note="x")
    assert check_contract(scored, CONTRACT, CHECKED) == []


def test_integer_categories_keep_their_type(table: pd.DataFrame) -> None:
    """A column of integers that are names may have gaps, but no fractions."""
    source = ColumnSettings(target="bought", categorical=("age",))
    contract = schema_of(table, source)
    assert contract.column("age").dtype == "int64"
    gap = table.assign(age=table["age"].astype("float64").where(table.index != 7))
    assert check_table(gap, source, CHECKED, contract).warnings == ()
    fraction = table.assign(age=np.where(table.index == 7, 20.5, table["age"]))
    with pytest.raises(DataError, match="'age' held categories"):
        check_table(fraction, source, CHECKED, contract)
