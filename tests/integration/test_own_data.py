"""A table of one's own: trained on in one command, then changed and spoilt."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.integration.inspection import computed
from tests.unit.data.tables import customers
from tests.workplace import Finished, Workplace

CHEAP = ["--set", "candidates=[{name: linear, kind: linear}]", "--set", "report.enabled=false"]
WORDS = ["--target", "bought", "--no-deploy", *CHEAP]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the table lies."""
    return tmp_path_factory.mktemp("data") / "customers.csv"


def train(place: Workplace, table: Path, frame: pd.DataFrame, *words: str) -> Finished:
    """Write the table and train on it."""
    frame.to_csv(table, index=False)
    return place.run("--data", str(table), *WORDS, *words)


@pytest.fixture(scope="module")
def first(shared_workplace: Workplace, table: Path) -> Any:
    """The first training, on the stack of the project."""
    return train(shared_workplace, table, customers(), "--stack", "local", "--json").document


def test_a_file_needs_no_config(first: Any) -> None:
    """The model's name, the task and the schema come from the table itself."""
    assert first["model"] == "customers-bought"
    assert (first["data"]["rows"], first["data"]["task"]) == (400, "binary")
    assert (first["version"], first["champion"]) == ("1", "1")
    assert (first["endpoint"], first["config"]) == (None, "own data")


def test_other_data_is_worked_on_anew(shared_workplace: Workplace, first: Any, table: Path) -> None:
    """A changed value changes the digest, and what stands on the rows is computed again."""
    changed = customers()
    changed.loc[0, "age"] = 33
    second = train(shared_workplace, table, changed, "--json").document
    assert second["data"]["digest"] != first["data"]["digest"]
    assert {"load_table", "split_rows", "train_linear"} <= computed(second)


def test_the_same_content_elsewhere_is_trained_on_once(
    shared_workplace: Workplace, first: Any, table: Path
) -> None:
    """The same rows as Parquet have the same digest, and nothing is trained again."""
    assert first
    moved = table.with_name("customers.parquet")
    customers().to_parquet(moved)
    done = shared_workplace.run("--data", str(moved), *WORDS, "--json").document
    assert done["data"]["digest"] == first["data"]["digest"]
    assert "train_linear" not in computed(done)


def test_a_table_that_breaks_the_champions_contract_is_refused(
    shared_workplace: Workplace, first: Any, table: Path
) -> None:
    """Text where numbers were and a dropped column are named in one message, with the way on."""
    assert first
    spoilt = customers().drop(columns="city")
    spoilt["age"] = spoilt["age"].astype(str)
    spoilt.loc[7, "age"] = "unknown"
    done = train(shared_workplace, table, spoilt)
    assert done.status == 2
    assert "'age' held numbers" in done.errors
    assert "'unknown' in row 8" in done.errors
    assert "'city'" in done.errors
    assert "validation.accept_schema" in done.errors
    assert "Traceback" not in done.output + done.errors
