"""What is found of a table some rows at a time, against what is found of all of it at once."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steps.data import columnfile, hashing, stored, target, values
from steps.data.dtypes import normalise
from steps.data.encoding import encode_frame
from steps.data.hashing import table_digest
from steps.data.schema import learn_schema
from steps.data.settings import ColumnSettings, ValidationSettings
from steps.data.stored import StoredTable, frames, parts, save_table
from steps.data.target import check_target
from steps.data.validate import check_table
from steps.monitoring.profile import learn, profile_of

ROWS, GROUP, PART = 3000, 1024, 400
ASKED = ColumnSettings(target="y", categorical=("digit",))
SETTINGS = ValidationSettings(accept_schema=True)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """A table of several parts, with a column for each thing that can be odd."""
    rng = np.random.default_rng(0)
    yes = rng.random(ROWS) < 0.5
    columns = {
        "number": np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(size=ROWS)),
        "digit": np.where(rng.random(ROWS) < 0.1, np.nan, rng.integers(0, 9, ROWS)),
        "text": pd.Series(rng.choice(["a", "b", ""], ROWS)).where(rng.random(ROWS) < 0.9),
        "mixed": np.where(np.arange(ROWS) % 300 == 299, "x", "3"),
        "id": [f"id {number}" for number in range(ROWS)],
        "row": rng.permutation(ROWS) + 7,
        "constant": 1.0,
        "empty": np.nan,
        "perhaps": pd.Series(yes, dtype="boolean").where(rng.random(ROWS) < 0.9),
        "at": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, ROWS), "D"),
        "y": pd.Series(np.where(yes, "no", "yes")).where(rng.random(ROWS) < 0.99),
    }
    return normalise(pd.DataFrame(columns))


@pytest.fixture
def table(frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredTable:
    """The same as a step is given it, where few rows are many."""
    for room in (columnfile, stored):
        monkeypatch.setattr(room, "PART", PART)
    monkeypatch.setattr(hashing, "TEXTS", GROUP)
    for room in (columnfile, stored, target, values):
        monkeypatch.setattr(room, "GROUP", GROUP)
    with (tmp_path / "table.parquet").open("wb") as stream:
        save_table(frame, stream)
    return StoredTable.of(str(tmp_path / "table.parquet"))


def test_a_column_in_parts_is_the_column(frame: pd.DataFrame, table: StoredTable) -> None:
    """Values, types and places of the parts are the column's, of some rows too."""
    chosen = np.arange(ROWS) % 3 == 0
    for name in frame.columns:
        several = list(parts(table, name))
        assert len(several) > 1
        pd.testing.assert_series_equal(pd.concat(several), frame[name], check_index_type=False)
        some = pd.concat(parts(table[chosen], name))
        wanted = frame.loc[chosen, name].reset_index(drop=True)
        pd.testing.assert_series_equal(some, wanted, check_index_type=False)


@pytest.mark.parametrize("name", ["y", "digit", "number"])
def test_a_large_table_is_judged_like_its_frame(
    frame: pd.DataFrame, table: StoredTable, name: str
) -> None:
    """Findings, identity, task, schema and what changed since a champion agree to the letter."""
    asked = ASKED.model_copy(update={"target": name})
    found = [check_table(each, asked, SETTINGS) for each in (frame, table)]
    assert found[0] == found[1]
    kinds = {each.kind for each in found[0].findings}
    assert kinds >= {"constant", "identifier", "left_out", "mixed"}
    schemas = [
        learn_schema(
            check_target(each, name),
            checks.features,
            name,
            checks.task,
            SETTINGS,
            ("text", "at"),
        )
        for each, checks in zip((frame, table), found, strict=True)
    ]
    assert schemas[0] == schemas[1]
    earlier = learn_schema(
        frame.head(900), found[0].features, name, found[0].task, SETTINGS, ("text",)
    )
    since = [check_table(each, asked, SETTINGS, earlier) for each in (frame, table)]
    assert since[0] == since[1]


def test_more_texts_than_are_held_as_texts_have_the_same_digest(
    frame: pd.DataFrame, table: StoredTable
) -> None:
    """Whether its texts are few or many, in memory or stored, a column's digest is the same."""
    assert frame["id"].nunique() > hashing.TEXTS > frame["text"].nunique()
    assert table_digest(table) == table_digest(frame)


def test_a_large_table_is_encoded_and_profiled_like_its_frame(
    frame: pd.DataFrame, table: StoredTable
) -> None:
    """The matrix, the parts of it that are scored, and the profile are the frame's to the bit."""
    checks = check_table(frame, ASKED, SETTINGS)
    rows = [check_target(each, "y") for each in (frame, table)]
    schema = learn_schema(rows[0], checks.features, "y", checks.task, SETTINGS)
    matrix = encode_frame(rows[0], schema)
    assert encode_frame(rows[1], schema).tobytes() == matrix.tobytes()
    encoded = [encode_frame(part, schema) for part in frames(rows[1], schema.names)]
    assert len(encoded) > 1
    assert np.concatenate(encoded).tobytes() == matrix.tobytes()
    scores = np.tile(np.array([0.3, 0.7], np.float32), (len(matrix), 1))
    assert profile_of(rows[1], scores, schema) == learn(matrix, scores, schema)
