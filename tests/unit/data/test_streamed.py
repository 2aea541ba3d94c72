"""A large file that is read in parts, against the same one read at once."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serving.errors import ConfigError, DataError
from steps.data import columnfile, stored, streamed
from steps.data.hashing import table_digest
from steps.data.settings import SourceSettings
from steps.data.source import read_table
from steps.data.stored import StoredTable, as_pandas
from steps.data.streamed import read_large

ROWS, PART = 2000, 300


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows are many here."""
    monkeypatch.setattr(streamed, "SMALL", 0)
    for room in (columnfile, stored, streamed):
        monkeypatch.setattr(room, "PART", PART)
        monkeypatch.setattr(room, "GROUP", PART)


def source(path: Path, **settings: object) -> SourceSettings:
    """The settings that read a file."""
    return SourceSettings.model_validate({"data": str(path), "target": "y", **settings})


def frame() -> pd.DataFrame:
    """Columns that are of one type in their first parts and of another in the last one."""
    late = np.arange(ROWS) >= ROWS - 50
    days = pd.Series(pd.date_range("2020-01-01", periods=ROWS, freq="D").strftime("%Y-%m-%d"))
    numbers = pd.Series(np.arange(ROWS)).astype("str")
    return pd.DataFrame(
        {
            "whole": np.arange(ROWS),
            "gap late": np.where(late, np.nan, np.arange(ROWS)),
            "fraction late": np.where(late, 0.1, np.arange(ROWS)),
            "value late": np.where(late, 3.0, np.nan),
            "text late": pd.Series(["ok"] * ROWS).where(late),
            "never": np.nan,
            "yes": np.arange(ROWS) % 3 == 0,
            "yes, gap late": pd.Series(np.arange(ROWS) % 3 == 0, dtype="boolean").where(~late),
            "day": days,
            "no day late": days.where(~late, "someday"),
            "digits, text late": ("00" + numbers).where(~late, "none"),
            "text": pd.Series(['é, "x"'] * ROWS).where(np.arange(ROWS) % 7 > 0),
            "y": np.where(np.arange(ROWS) % 2 == 0, "no", "yes"),
        }
    )


@pytest.fixture(params=["t.csv", "t.csv.gz", "t.parquet", "folder", "hive"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The frame as a file, and as a folder of files."""
    whole, place = frame(), tmp_path / str(request.param)
    if place.name.startswith("t.csv"):
        whole.to_csv(place, index=False)
    elif place.name == "t.parquet":
        whole.to_parquet(place, row_group_size=170)
    else:
        for number, name in enumerate(("year=1", "year=2")):
            folder = place / name if place.name == "hive" else place
            folder.mkdir(parents=True, exist_ok=True)
            whole[number * 900 :][: 900 + 200 * number].to_parquet(folder / f"{number}.parquet")
    return place


def test_parts_make_the_table(path: Path) -> None:
    """Types, values, order and digest are those of the file read at once."""
    asked = source(path)
    wanted, found = read_table(asked), read_large(asked)
    assert isinstance(found, StoredTable)
    pd.testing.assert_frame_equal(as_pandas(found), wanted)
    assert table_digest(found) == table_digest(wanted)


def test_columns_to_drop_are_left_out(path: Path) -> None:
    """They must be there."""
    dropped = read_large(source(path, drop=["day", "never"]))
    assert list(dropped.columns) == [
        name for name in read_table(source(path)).columns if name not in ("day", "never")
    ]
    with pytest.raises(ConfigError, match="Did you mean 'day'"):
        read_large(source(path, drop=["dayy"]))


def test_a_damaged_row_is_refused_by_its_line(tmp_path: Path) -> None:
    """However far behind it stands."""
    for row, told in (("1,2,3", "line 1802, saw 3"), ("1", "line 1802 has 1 fields")):
        lines = ["a,y", *["1,2"] * 1800, row, *["1,2"] * 100]
        (tmp_path / "t.csv").write_text("\n".join(lines))
        with pytest.raises(DataError, match=told):
            read_large(source(tmp_path / "t.csv"))


def test_what_has_no_plain_type_is_read_at_once(tmp_path: Path) -> None:
    """An index, categories and decimals come out as ever."""
    odd = pd.DataFrame(
        {
            "kind": pd.Categorical(["a", "b"] * 500),
            "price": [Decimal("1.5"), Decimal("2")] * 500,
            "y": [1, 2] * 500,
        },
        index=pd.Index(range(1000), name="key"),
    )
    odd.to_parquet(tmp_path / "t.parquet")
    found = read_large(source(tmp_path / "t.parquet"))
    pd.testing.assert_frame_equal(as_pandas(found), read_table(source(tmp_path / "t.parquet")))
