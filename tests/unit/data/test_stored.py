"""A table that steps read by columns, against the same one in memory."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steps.data.columnfile import GROUP
from steps.data.dtypes import normalise
from steps.data.encoding import encode_frame, encode_target
from steps.data.hashing import BLOCK, row_hash, table_digest
from steps.data.settings import SplitSettings
from steps.data.split import deal
from steps.data.stored import StoredTable, read_frame
from steps.data.target import check_target
from steps.data.validate import check_table
from tests.unit.data.tables import CHECKED, SOURCE, schema_of


def stored(frame: pd.DataFrame, folder: Path) -> StoredTable:
    """The frame as a step leaves it."""
    file = folder / "table.parquet"
    frame.to_parquet(file, row_group_size=GROUP)
    return StoredTable.of(str(file))


def copied(table: StoredTable) -> pd.DataFrame:
    """What the next step reads of a table that was written anew."""
    stream = BytesIO()
    table.write(stream)
    return read_frame(BytesIO(stream.getvalue()))


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    """More rows than are copied at once, of every type, with gaps."""
    rng, rows = np.random.default_rng(0), GROUP + 1000
    frame = pd.DataFrame(
        {
            "number": np.where(rng.random(rows) < 0.1, np.nan, rng.random(rows)),
            "whole": rng.integers(0, 9, rows),
            "text": pd.Series(rng.choice(["a", "b", ""], rows)).where(rng.random(rows) < 0.9),
            "yes": rng.random(rows) < 0.5,
            "perhaps": pd.Series(rng.random(rows) < 0.5, dtype="boolean").where(
                rng.random(rows) < 0.9
            ),
            "at": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), "D"),
        }
    )
    return normalise(frame)


def test_a_table_is_read_as_the_frame_that_it_was(large: pd.DataFrame, tmp_path: Path) -> None:
    """Types, gaps, index and notes are what they were, in whole and column by column."""
    large = large.copy()
    large.attrs = {"split": {"by": "row"}}
    table = stored(large, tmp_path)
    read = read_frame(str(tmp_path / "table.parquet"))
    pd.testing.assert_frame_equal(read, large)
    assert read.attrs == table.attrs == large.attrs
    assert (table.dtypes == large.dtypes).all()
    assert table.shape == large.shape
    for name in large.columns:
        pd.testing.assert_series_equal(table[name], large[name])
    read.loc[3, "number"] = 7.0
    assert read["number"][3] == 7.0


def test_rows_of_a_table_are_written_as_those_of_the_frame(
    large: pd.DataFrame, tmp_path: Path
) -> None:
    """A mask of a mask keeps the right rows in their order; a copy of it is their frame."""
    table = stored(large, tmp_path)
    masks = large["yes"], np.arange(int(large["yes"].sum())) % 3 > 0
    wanted = large[masks[0]].reset_index(drop=True)[masks[1]].reset_index(drop=True)
    part = table[masks[0]].reset_index(drop=True)[masks[1]]
    part.attrs["note"] = 1
    found = copied(part)
    pd.testing.assert_frame_equal(found, wanted)
    pd.testing.assert_frame_equal(part.to_pandas(), wanted)
    assert (found.attrs, table.attrs) == ({"note": 1}, {})
    assert table_digest(part) == table_digest(wanted)
    pd.testing.assert_frame_equal(part.sample(5, random_state=0), wanted.sample(5, random_state=0))


def test_no_row_at_all_is_a_table_too(large: pd.DataFrame, tmp_path: Path) -> None:
    """Nothing chosen leaves the columns in their types."""
    table = stored(large, tmp_path)
    pd.testing.assert_frame_equal(copied(table[np.zeros(len(table), bool)]), large.head(0))


def test_a_table_is_checked_split_and_encoded_like_its_frame(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    """What a training learns does not depend on how its rows are read."""
    table.loc[:19, "bought"] = None
    columns, split = stored(table, tmp_path), SplitSettings()
    checks = check_table(table, SOURCE, CHECKED)
    assert check_table(columns, SOURCE, CHECKED) == checks
    rows = [check_target(each, "bought") for each in (table, columns)]
    held = [deal(each, split, checks.identity).held_out for each in rows]
    assert (held[0] == held[1]).all()
    train = [each[~mask].reset_index(drop=True) for each, mask in zip(rows, held, strict=True)]
    schema = schema_of(train[0])
    assert schema_of(train[1]) == schema
    assert (encode_target(train[0], schema) == encode_target(train[1], schema)).all()
    assert encode_frame(train[0], schema).tobytes() == encode_frame(train[1], schema).tobytes()


def test_rows_hash_alike_in_parts(large: pd.DataFrame) -> None:
    """A row's hash is its own, whichever rows are hashed with it."""
    assert len(large) > BLOCK
    whole, parts = row_hash(large, large.columns), (large[:777], large[777:])
    assert (whole == np.concatenate([row_hash(part, large.columns) for part in parts])).all()


def test_an_unknown_column_is_no_column(large: pd.DataFrame, tmp_path: Path) -> None:
    """As of a frame, it is a KeyError."""
    with pytest.raises(KeyError, match="colour"):
        stored(large, tmp_path)["colour"]
