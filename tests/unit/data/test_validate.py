"""What is said of a table's columns and rows before training."""

import numpy as np
import pandas as pd
import pytest

from serving.errors import ConfigError, DataError
from steps.data.finding import Finding
from steps.data.settings import ColumnSettings, ValidationSettings
from steps.data.validate import check_table
from tests.unit.data.tables import CHECKED, ROWS, SOURCE


def findings(table: pd.DataFrame, **settings: object) -> dict[str, Finding]:
    """The findings of a table by their kind."""
    checked = ValidationSettings.model_validate(settings)
    return {finding.kind: finding for finding in check_table(table, SOURCE, checked).findings}


def test_a_sound_table_has_no_findings(table: pd.DataFrame) -> None:
    """Nothing is reported where nothing is odd."""
    checks = check_table(table, SOURCE, CHECKED)
    assert checks.findings == ()
    assert checks.features == {
        "age": "numeric",
        "income": "numeric",
        "city": "categorical",
        "member": "categorical",
        "since": "datetime",
    }
    assert checks.identity == tuple(checks.features)


def test_an_all_missing_column_is_left_out(table: pd.DataFrame) -> None:
    """A column without a value is reported and is no feature."""
    checks = check_table(table.assign(empty=np.nan), SOURCE, CHECKED)
    assert "empty" not in checks.features
    assert checks.warnings[0].text == "Column 'empty' is missing in every row: left out."


def test_a_constant_column_is_left_out(table: pd.DataFrame) -> None:
    """A column of one value is reported; one with gaps still says something."""
    assert findings(table.assign(shop="Oslo"))["constant"].column == "shop"
    gaps = pd.Series(["Oslo", None] * (ROWS // 2), dtype="str")
    assert "constant" not in findings(table.assign(shop=gaps))


def test_columns_that_name_the_rows_are_left_out(table: pd.DataFrame) -> None:
    """Row numbers and nearly unique texts are neither features nor the rows' identity."""
    texts = [f"c-{number:05}" for number in range(ROWS)]
    checks = check_table(table.assign(code=texts, row=range(5, ROWS + 5)), SOURCE, CHECKED)
    assert tuple(checks.features) == checks.identity == tuple(table.columns[:-1])
    assert {finding.column for finding in checks.warnings} == {"code", "row"}


def test_infinite_values_are_refused(table: pd.DataFrame) -> None:
    """An infinite value is given by column and row, and so is one too large for a model."""
    for value in (np.inf, -np.inf, 1e39):
        table.loc[16, "income"] = value
        with pytest.raises(DataError, match=r"'income' holds infinite values: 1, .* row 17"):
            check_table(table, SOURCE, CHECKED)


def test_duplicate_rows_are_told(table: pd.DataFrame) -> None:
    """Repeated rows are counted, and so are those that contradict each other."""
    twice = pd.concat([table, table[:40]], ignore_index=True)
    assert findings(twice)["duplicates"].text == "40 rows (9.1%) repeat another one."
    flipped = table[:3].assign(bought=table["bought"][:3].map({"yes": "no", "no": "yes"}))
    told = findings(pd.concat([table, flipped], ignore_index=True))["duplicates"]
    assert (told.level, told.text) == (
        "note",
        "3 rows differ from another one in 'bought' alone.",
    )


@pytest.mark.parametrize("kind", ["number", "text", "flag", "time"])
def test_leaking_columns_are_told(table: pd.DataFrame, kind: str) -> None:
    """A column that gives the answer away is reported, whatever its type."""
    bought = table["bought"] == "yes"
    noise = np.random.default_rng(1).random(ROWS)
    leak = {
        "number": bought * 100 + noise,
        "text": bought.map({True: "paid", False: "left"}),
        "flag": bought,
        "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(bought * 30 + noise, unit="D"),
    }[kind]
    told = findings(table.assign(paid=leak))["leak"]
    assert (told.level, told.column) == ("warning", "paid")


def test_a_leak_in_a_regression_is_told(table: pd.DataFrame) -> None:
    """A column that is the target in another unit is reported."""
    table["cents"] = table["income"].fillna(0) * 100
    source = ColumnSettings(target="cents")
    told = check_table(table, source, CHECKED).findings
    assert [(finding.kind, finding.column) for finding in told] == [("leak", "income")]


def test_text_among_numbers_is_told(table: pd.DataFrame) -> None:
    """A slip that turns a column of numbers into text is given by its row."""
    ages = table["age"].astype("str")
    ages[11] = "unknown"
    text = findings(table.assign(age=ages))["mixed"].text
    assert "'age' holds numbers, but text in 1 rows (the first 'unknown' in row 12)" in text


def test_findings_can_be_refused(table: pd.DataFrame) -> None:
    """What the settings refuse ends the run."""
    with pytest.raises(DataError, match=r"'shop' is constant.*Refused by validation\.refuse"):
        findings(table.assign(shop="Oslo"), refuse=["constant"])


def test_something_must_be_left_to_learn_from(table: pd.DataFrame) -> None:
    """A table of its target and a constant is refused."""
    with pytest.raises(DataError, match="No column beside 'bought'"):
        check_table(table[["bought"]].assign(shop="Oslo"), SOURCE, CHECKED)


def test_times_are_no_categories(table: pd.DataFrame) -> None:
    """A column of times cannot be asked to be categorical."""
    source = ColumnSettings(target="bought", categorical=("since",))
    with pytest.raises(ConfigError, match="'since' holds times"):
        check_table(table, source, CHECKED)
