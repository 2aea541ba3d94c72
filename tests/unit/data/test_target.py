"""What a target asks for, and whether it can be learnt."""

import numpy as np
import pandas as pd
import pytest

from serving.errors import ConfigError, DataError
from steps.data.settings import AskedTask, ColumnSettings, SourceSettings, ValidationSettings
from steps.data.target import check_target, class_names, recognise_task
from steps.data.validate import check_table
from tests.unit.data.tables import CHECKED, SOURCE, customers


def target(values: object) -> pd.Series:
    """A target of these values."""
    return pd.Series(values, name="y")


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"], "binary"),
        (["a", "b", "c", None], "multiclass"),
        ([True, False], "binary"),
        ([0, 1, 1], "binary"),
        ([0.0, 1.0, np.nan], "binary"),
        ([3, 4, 5], "multiclass"),
        (list(range(30)), "regression"),
        ([0.5, 1.5, 1.5], "regression"),
        ([1e30, 2e30], "regression"),
    ],
)
def test_tasks_are_recognised(values: list[object], task: str) -> None:
    """Text, booleans and few integers are classes, other numbers quantities."""
    assert recognise_task(target(values)) == task


@pytest.mark.parametrize(
    ("values", "asked", "task"),
    [
        ([1, 2, 3], "regression", "regression"),
        (list(range(30)), "classification", "multiclass"),
        ([0, 1], "binary", "binary"),
    ],
)
def test_the_task_can_be_said(values: list[object], asked: AskedTask, task: str) -> None:
    """The settings decide where the values leave it open."""
    assert recognise_task(target(values), asked) == task


@pytest.mark.parametrize(
    ("values", "asked", "text"),
    [
        (["a", "b"], "regression", "regression needs numbers"),
        (["a", "b", "c"], "binary", r"3 distinct values \(a, b, c\).*no binary"),
        (["a", "b"], "multiclass", "no multiclass"),
        ([str(i) for i in range(200)], "auto", "200 classes, .* free text"),
        (list(range(200)), "classification", "Ask for task=regression"),
        (["a", "a"], "auto", "constant: every row holds 'a'.*one class only"),
        ([7, 7], "regression", "constant: every row holds '7'"),
        ([1.0, np.inf], "auto", "infinite"),
        (pd.to_datetime(["2024-01-01", "2024-01-02"]), "auto", "holds times"),
    ],
)
def test_impossible_targets_are_refused(values: object, asked: AskedTask, text: str) -> None:
    """A target that cannot be predicted, or not as asked, says why."""
    with pytest.raises(DataError, match=text):
        recognise_task(target(values), asked)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["b", "a", None], ("a", "b")),
        ([10, 9, 1], ("1", "9", "10")),
        ([1.0, 0.0, np.nan], ("0", "1")),
        ([True, False], ("false", "true")),
    ],
)
def test_classes_have_an_order(values: list[object], names: tuple[str, ...]) -> None:
    """Numbers are ordered by value, text by name."""
    assert class_names(target(values)) == names


def test_an_absent_target_names_its_neighbour(table: pd.DataFrame) -> None:
    """A misspelt target is answered with the column it is close to."""
    with pytest.raises(DataError, match=r"no column 'bougt' to predict. Did you mean 'bought'\?$"):
        check_target(table, "bougt")


def test_an_absent_target_may_mean_an_absent_header() -> None:
    """Where the names read like data, the missing header is suspected."""
    with pytest.raises(DataError, match="lack a header"):
        check_target(pd.DataFrame({"5.1": [1], "setosa": [2]}), "species")


def test_a_target_that_is_missing_everywhere_is_refused(table: pd.DataFrame) -> None:
    """Without one value there is nothing to learn."""
    with pytest.raises(DataError, match="missing in every row"):
        check_target(table.assign(bought=np.nan), "bought")


def test_rows_without_a_target_are_left_out_and_told(table: pd.DataFrame) -> None:
    """A gap in the target costs the row and is reported with its count."""
    table.loc[:19, "bought"] = None
    checks = check_table(table, SOURCE, CHECKED)
    assert (checks.rows, checks.unlabelled) == (380, 20)
    assert [finding.text for finding in checks.warnings] == [
        "20 rows (5.0%) have no 'bought': left out."
    ]


def test_too_few_rows_are_refused(table: pd.DataFrame) -> None:
    """A table that is too small says how many rows are needed."""
    with pytest.raises(DataError, match="has 60 rows with a target; at least 100"):
        check_table(table[:60], SOURCE, CHECKED)


def test_too_few_rows_of_a_class_are_refused(table: pd.DataFrame) -> None:
    """A class that could not be held out is named with its count."""
    table.loc[:2, "bought"] = "maybe"
    with pytest.raises(DataError, match="Class 'maybe' of 'bought' has 3 rows; at least 10"):
        check_table(table, SOURCE, CHECKED)
    assert check_table(table, SOURCE, ValidationSettings(min_class_rows=3)).task == "multiclass"


@pytest.mark.parametrize("group", ["categorical", "sensitive"])
def test_settings_must_name_columns(group: str) -> None:
    """A misspelt column in the settings is answered with its neighbour."""
    settings = ColumnSettings.model_validate({"target": "bought", group: ["citty"]})
    with pytest.raises(ConfigError, match=rf"'citty' \({group}\)\. Did you mean 'city'"):
        check_table(customers(), settings, CHECKED)


def test_the_target_cannot_be_dropped() -> None:
    """Settings that contradict themselves are refused at once."""
    with pytest.raises(ConfigError, match="among the columns to drop"):
        SourceSettings(target="y", drop=("y",))
