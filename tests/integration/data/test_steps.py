"""The steps themselves, as plain functions."""

import numpy as np
import pandas as pd
import pytest

from serving.errors import DataError
from steps.data.settings import ColumnSettings, SourceSettings, SplitSettings
from steps.data.steps import load_table, split_rows, validate
from tests.unit.data.tables import CHECKED, SOURCE, schema_of


def test_the_steps_lead_from_a_source_to_the_rows() -> None:
    """The demo is read, checked and dealt, and its schema learnt from the training rows."""
    source = SourceSettings()
    table = load_table.entrypoint(source, "")
    checks = validate.entrypoint(table, source.columns, CHECKED)
    train_rows, test_rows, schema = split_rows.entrypoint(table, checks, CHECKED, SplitSettings())
    assert len(train_rows) + len(test_rows) == checks.rows == 20_000
    assert (schema.task, schema.target, schema.classes) == ("binary", "late", ("no", "yes"))
    assert schema.column("distance").maximum == train_rows["distance"].max()
    assert schema.column("wind_gust").missing_share == train_rows["wind_gust"].isna().mean()
    assert len(schema.columns) == 21


def test_a_contract_is_taken_as_text(table: pd.DataFrame) -> None:
    """The champion's schema.json is enforced; an empty text is no champion."""
    contract = schema_of(table).to_json().decode()
    narrow = table.drop(columns="city")
    assert validate.entrypoint(narrow, SOURCE, CHECKED, "").features.keys() == set(narrow) - {
        "bought"
    }
    with pytest.raises(DataError, match="'city' was dropped"):
        validate.entrypoint(narrow, SOURCE, CHECKED, contract)


def test_rows_without_a_target_are_on_no_side(table: pd.DataFrame) -> None:
    """A row that nothing can be learnt from is neither trained nor tested on."""
    table.loc[:19, "bought"] = None
    checks = validate.entrypoint(table, SOURCE, CHECKED)
    train_rows, test_rows, _ = split_rows.entrypoint(table, checks, CHECKED, SplitSettings())
    assert len(train_rows) + len(test_rows) == 380
    assert not pd.concat([train_rows, test_rows])["bought"].isna().any()


def test_a_class_must_be_learnt_to_be_tested(table: pd.DataFrame) -> None:
    """By time a class may come up in the test alone; that is no fair test."""
    table["day"] = np.arange(len(table)) // 2
    table.loc[390:, "bought"] = "maybe"
    checks = validate.entrypoint(table, ColumnSettings(target="bought"), CHECKED)
    split = SplitSettings(by="time", column="day", test_share=0.1)
    with pytest.raises(DataError, match="class 'maybe' of 'bought', which no training row has"):
        split_rows.entrypoint(table, checks, CHECKED, split)


def test_the_test_rows_say_how_they_were_chosen(table: pd.DataFrame) -> None:
    """The settings of the split and its cut-off go with the rows."""
    checks = validate.entrypoint(table, SOURCE, CHECKED)
    split = SplitSettings(by="time", column="since")
    _, test_rows, _ = split_rows.entrypoint(table, checks, CHECKED, split)
    assert test_rows.attrs["split"] == {
        **split.model_dump(),
        "cutoff": test_rows["since"].min().isoformat(),
    }
