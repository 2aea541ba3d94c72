"""The schema of a table gives no value of a sensitive column away."""

import numpy as np
import pandas as pd
import pytest

from serving.encoding import encode
from steps.data.dtypes import normalise
from steps.data.settings import ColumnSettings, ValidationSettings
from steps.data.validate import check_table
from tests.unit.data.tables import SOURCE, customers, schema_of

ALL = ("age", "income", "city", "member", "since")
ASKED = ColumnSettings(target="bought", sensitive=ALL)


def with_rare_city() -> pd.DataFrame:
    table = customers()
    return table.assign(city=table["city"].where(table.index > 2, "Kleinkleckersdorf"))


def test_a_range_is_rounded_outward_to_numbers_that_no_row_has() -> None:
    table = customers()
    income = schema_of(table, ASKED).column("income")
    assert income.minimum is not None
    assert income.maximum is not None
    assert income.minimum % 1000 == income.maximum % 1000 == 0
    assert income.minimum <= table["income"].min()
    assert income.maximum >= table["income"].max()


def test_a_time_is_counted_from_the_first_of_its_year() -> None:
    table = customers().assign(since=lambda rows: rows["since"] + pd.Timedelta(days=64, hours=3))
    since = schema_of(table, ASKED).column("since")
    assert since.origin == "2020-01-01"
    assert (since.minimum, since.maximum) == (0.0, 1000.0)


def test_a_category_of_a_few_rows_is_not_kept() -> None:
    table = with_rare_city()
    assert "Kleinkleckersdorf" in schema_of(table).column("city").categories
    assert schema_of(table, ASKED).column("city").categories == ("Bern", "Lyon", "Oslo")


def test_a_category_of_a_few_rows_is_kept_where_others_are_refused() -> None:
    refusing = ValidationSettings(unseen="refuse")
    assert (
        "Kleinkleckersdorf"
        in schema_of(with_rare_city(), ASKED, refusing).column("city").categories
    )


def test_whole_numbers_that_are_categories_stay_whole(table: pd.DataFrame) -> None:
    table["zone"] = np.where(table.index < 5, 7, table.index % 3)
    asked = ColumnSettings(target="bought", categorical=("zone",), sensitive=("zone",))
    zone = schema_of(normalise(table), asked).column("zone")
    assert (zone.dtype, zone.categories) == ("int64", ("0", "1", "2"))


def test_examples_hold_made_up_values_that_the_model_accepts() -> None:
    table = with_rare_city()
    schema = schema_of(table, ASKED)
    for row in schema.examples:
        assert row["income"] not in set(table["income"])
        assert row["city"] == "Bern"
        encode(schema, {name: [row[name]] for name in schema.names})


def test_a_column_whose_every_category_is_rare_still_has_an_example() -> None:
    table = customers()
    table["name"] = [f"customer {number // 4}" for number in range(len(table))]
    asked = ColumnSettings(target="bought", sensitive=("name",))
    schema = schema_of(normalise(table), asked)
    assert schema.column("name").categories == ()
    assert schema.examples[0]["name"] == "other"
    encode(schema, {name: [schema.examples[0][name]] for name in schema.names})


def test_other_columns_are_what_they_are_without_the_mark() -> None:
    one = ColumnSettings(target="bought", sensitive=("income",))
    plain, marked = schema_of(customers(), SOURCE), schema_of(customers(), one)
    assert [c for c in marked.columns if not c.sensitive] == [
        c for c in plain.columns if c.name != "income"
    ]


def test_findings_tell_where_but_not_what(table: pd.DataFrame) -> None:
    """Text among numbers, a new category, and a column whose type one value spoilt."""
    champion = schema_of(table)
    table["code"] = ["12"] * (len(table) - 1) + ["Xyzzy"]
    table["city"] = "Kleinkleckersdorf"
    table["age"] = table["age"].astype("str").where(table.index > 0, "forty")
    asked = ASKED.model_copy(update={"sensitive": (*ALL, "code")})
    accepted = ValidationSettings(accept_schema=True)
    checks = check_table(normalise(table), asked, accepted, champion)
    texts = " ".join(finding.text for finding in checks.findings)
    for place in ("'code' holds numbers", "'city' has 1 categories", "'age' held numbers"):
        assert place in texts
    for value in ("Xyzzy", "Kleinkleckersdorf", "forty"):
        assert value not in texts


@pytest.fixture
def table() -> pd.DataFrame:
    return customers()
