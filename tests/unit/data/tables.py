"""A small table with one column of every kind, and its schema."""

import numpy as np
import pandas as pd

from serving.schema import TableSchema
from steps.data.dtypes import normalise
from steps.data.schema import learn_schema
from steps.data.settings import ColumnSettings, ValidationSettings
from steps.data.validate import check_table

ROWS = 400
SOURCE = ColumnSettings(target="bought")
CHECKED = ValidationSettings()


def customers() -> pd.DataFrame:
    """400 customers, of whom some bought."""
    rng = np.random.default_rng(7)
    age = rng.integers(18, 90, ROWS)
    days = pd.to_timedelta(rng.integers(0, 900, ROWS), unit="D")
    columns = {
        "age": age,
        "income": np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(3000, 900, ROWS)),
        "city": rng.choice(["Bern", "Lyon", "Oslo"], ROWS),
        "member": rng.random(ROWS) < 0.5,
        "since": pd.Timestamp("2020-01-01") + days,
        "bought": np.where(age + rng.normal(0, 20, ROWS) > 55, "yes", "no"),
    }
    return normalise(pd.DataFrame(columns))


def schema_of(
    table: pd.DataFrame,
    asked: ColumnSettings = SOURCE,
    settings: ValidationSettings = CHECKED,
) -> TableSchema:
    """The schema a training on the whole table would learn."""
    checks = check_table(table, asked, settings)
    return learn_schema(
        table, checks.features, checks.target, checks.task, settings, checks.sensitive
    )
