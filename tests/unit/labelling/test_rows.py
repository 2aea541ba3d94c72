"""Labelled rows become rows of the table."""

import numpy as np
import pandas as pd
import pytest

from serving.errors import DataError
from steps.data.dtypes import normalise
from steps.data.hashing import table_digest
from steps.data.settings import ColumnSettings, SplitSettings, ValidationSettings
from steps.data.split import held_out
from steps.data.validate import check_table
from steps.labelling.label import Label
from steps.labelling.rows import with_labels
from steps.labelling.sheet import text_of
from tests.unit.data.tables import SOURCE, customers, schema_of

ASKED = ("age", "income", "city", "member", "since")


def label(name: str, like: int, said: str | None = None, **changes: object) -> Label:
    """A label of a row of the customers, some of whose values are others."""
    row = {**customers().iloc[like].to_dict(), **changes}
    texts = {column: None if pd.isna(row[column]) else _text(row[column]) for column in ASKED}
    return Label(name, 0, said or str(row["bought"]), texts)


def _text(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return str(value.isoformat())
    return text_of(value.item() if isinstance(value, np.generic) else value)


def test_a_labelled_row_is_added_in_the_types_of_the_table() -> None:
    table = customers()
    joined = with_labels(table, [label("a", 0, age=19), label("b", 1, age=20)], "bought")
    assert len(joined) == len(table) + 2
    assert joined.attrs["labelled"] == 2
    assert [*map(str, joined.dtypes)] == [*map(str, table.dtypes)]
    pd.testing.assert_frame_equal(joined.head(len(table)), table, check_flags=False)
    assert joined["age"].tail(2).tolist() == [19, 20]


def test_a_row_that_the_table_holds_is_not_doubled() -> None:
    """Nor one that was labelled under two ids; one that differs in its label is another row."""
    table = customers()
    same = [label("a", 0), label("b", 1)]
    assert with_labels(table, same, "bought") is table
    twins = [label("c", 0, age=19), label("d", 0, age=19)]
    assert len(with_labels(table, [*same, *twins], "bought")) == len(table) + 1
    turned = {"yes": "no", "no": "yes"}[str(table["bought"].iloc[0])]
    assert len(with_labels(table, [label("e", 0, turned)], "bought")) == len(table) + 1


def test_the_digest_covers_the_labelled_rows_and_not_the_order_they_came_in() -> None:
    table, (a, b) = customers(), (label("a", 0, age=19), label("b", 1, age=20))
    digest = table_digest(with_labels(table, [a, b], "bought"))
    assert digest == table_digest(with_labels(table, [b, a], "bought"))
    assert digest != table_digest(with_labels(table, [a], "bought"))
    assert digest != table_digest(table)


def test_rows_keep_their_side_of_the_split_when_others_come() -> None:
    table = customers()
    joined = with_labels(table, [label(str(i), i, age=91) for i in range(60)], "bought")
    before = held_out(table, SplitSettings(), ASKED)
    after = held_out(joined, SplitSettings(), ASKED)
    assert np.array_equal(after[: len(table)], before)
    assert 0 < after[len(table) :].sum() < 60


def test_columns_that_no_request_carries_do_not_become_features() -> None:
    """An identifier and a constant, which the labelled rows lack, stay left out."""
    table = normalise(
        customers().assign(
            number=range(400), shop="Ulm", note="x" + customers().index.astype("str")
        )
    )
    contract = schema_of(table)
    joined = with_labels(table, [label("a", 0, age=19)], "bought")
    assert joined["number"].isna().sum() == 1
    checks = check_table(joined, SOURCE, ValidationSettings(), contract)
    assert tuple(checks.features) == ASKED
    assert "1 rows came back labelled" in " ".join(each.text for each in checks.findings)


def test_a_split_by_what_no_request_carries_says_what_to_do() -> None:
    table = customers().assign(shop=np.arange(400) % 40)
    joined = with_labels(table, [label("a", 0, age=19)], "bought")
    with pytest.raises(DataError, match=r"'shop' is missing in 1 rows.*labels\.enabled=false"):
        held_out(joined, SplitSettings(by="group", column="shop"), ASKED)


def test_a_row_with_a_value_that_is_not_known_is_not_trained_on() -> None:
    table = customers()
    blank = Label("a", 0, "yes", label("a", 0, age=19).features, ("member",))
    assert with_labels(table, [blank], "bought") is table


def test_a_label_of_a_regression_is_added_as_a_number() -> None:
    table = customers().drop(columns="bought").assign(paid=np.arange(400) * 1.5)
    more = Label("a", 0, "7.25", label("a", 0, age=19).features)
    joined = with_labels(table, [more], "paid")
    assert joined["paid"].iloc[-1] == 7.25
    asked = ColumnSettings(target="paid")
    assert check_table(joined, asked, ValidationSettings()).task == "regression"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (label("odd", 0, "perhaps"), "request 'odd', row 0, is labelled 'perhaps'"),
        (label("odd", 0, age="old"), "Column 'age' of the labelled request 'odd'"),
    ],
)
def test_what_does_not_fit_the_table_is_named(given: Label, said: str) -> None:
    with pytest.raises(DataError, match=said):
        with_labels(customers(), [given], "bought")
