"""CSV files, good and bad."""

import gzip
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from serving.errors import DataError
from steps.data.settings import SourceSettings
from steps.data.source import read_table


def read(path: Path, content: bytes | str) -> pd.DataFrame:
    """The table that a file of this content is read as."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(SourceSettings(data=str(path), target="y"))


def refusal(path: Path, content: bytes | str) -> str:
    """What is said of a file of this content."""
    with pytest.raises(DataError) as caught:
        read(path, content)
    return str(caught.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognised(tmp_path: Path, delimiter: str) -> None:
    """Comma, semicolon, tab and bar are told by the header."""
    frame = read(tmp_path / "t.csv", f"a{delimiter} y\n1{delimiter} u\n")
    assert frame.to_dict("records") == [{"a": 1, "y": "u"}]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    """A file saved by a spreadsheet keeps its first column's name."""
    assert list(read(tmp_path / "t.csv", b"\xef\xbb\xbfa,y\n1,2\n").columns) == ["a", "y"]


def test_compressed_files_are_read(table: pd.DataFrame, csv_path: Path) -> None:
    """A .csv.gz and a .zip hold the same table as the file itself."""
    packed = csv_path.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(csv_path.read_bytes()))
    archive = csv_path.with_name("t.csv.zip")
    with zipfile.ZipFile(archive, "w") as file:
        file.write(csv_path, "customers.csv")
    for path in (csv_path, packed, archive):
        frame = read_table(SourceSettings(data=str(path), target="bought"))
        pd.testing.assert_frame_equal(frame, table)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """A file without a byte, or with blank lines alone, is called empty."""
    assert "is empty" in refusal(tmp_path / "t.csv", "")
    assert "is empty" in refusal(tmp_path / "t.csv", " \n\n")


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    """A file without a row says so."""
    assert "holds no rows" in refusal(tmp_path / "t.csv", "a,y\n")


@pytest.mark.parametrize(
    "first", ["5.1,3.5,1.4,setosa", "1,2,3,4", "39,0,0,a", "-1e5,a,b,c", "1,1,1,1"]
)
def test_a_file_without_a_header_is_refused(tmp_path: Path, first: str) -> None:
    """A first line that reads like data is shown."""
    text = refusal(tmp_path / "t.csv", f"{first}\n{first}\n")
    assert "has no header" in text
    assert first.split(",")[0] in text


def test_years_may_be_names(tmp_path: Path) -> None:
    """Numbers that differ may be names beside words."""
    assert list(read(tmp_path / "t.csv", "y,2023,2024\n1,2,3\n").columns) == ["y", "2023", "2024"]


def test_duplicate_names_are_refused(tmp_path: Path) -> None:
    """A name that appears twice is named, where pandas would rename it."""
    assert "named 'a'" in refusal(tmp_path / "t.csv", "a,a,y\n1,2,3\n")


def test_an_unnamed_column_is_refused(tmp_path: Path) -> None:
    """The row index that pandas writes is recognised."""
    text = refusal(tmp_path / "t.csv", ",a,y\n0,1,2\n")
    assert "Column 1" in text
    assert "index=False" in text


def test_broken_encoding_is_placed(tmp_path: Path) -> None:
    """A byte that is no UTF-8 is given by line and offset."""
    text = refusal(tmp_path / "t.csv", "a,y\nx,1\nZ\xfcrich,2\n".encode("latin-1"))
    assert "line 3, byte 9 (0xfc)" in text
    assert "iconv" in text


def test_a_broken_header_is_placed(tmp_path: Path) -> None:
    """The header's own bytes are no exception."""
    assert "line 1, byte 1" in refusal(tmp_path / "t.csv", "h\xf6he,y\n1,2\n".encode("latin-1"))


def test_utf16_is_recognised(tmp_path: Path) -> None:
    """A file in UTF-16 is called that."""
    assert "UTF-16" in refusal(tmp_path / "t.csv", "a,y\n1,2\n".encode("utf-16"))


def test_rows_longer_than_the_header_are_refused(tmp_path: Path) -> None:
    """A row with too many fields is an error, in one row and in all of them."""
    assert "line 3" in refusal(tmp_path / "t.csv", "a,y\n1,2\n1,2,3\n")
    assert "more fields" in refusal(tmp_path / "t.csv", "a,y\n1,2,3\n4,5,6\n")


def test_a_cut_off_archive_is_refused(csv_path: Path) -> None:
    """A compressed file that ends too early is called damaged."""
    packed = csv_path.with_suffix(".csv.gz")
    text = refusal(packed, gzip.compress(csv_path.read_bytes())[:-200])
    assert "damaged" in text
    assert "damaged" in refusal(packed, b"no gzip at all")


def test_an_archive_of_two_is_refused(csv_path: Path) -> None:
    """A zip file must hold one table."""
    archive = csv_path.with_name("t.zip")
    with zipfile.ZipFile(archive, "w") as file:
        file.write(csv_path, "a.csv")
        file.write(csv_path, "b.csv")
    with pytest.raises(DataError, match="holds 2 files"):
        read_table(SourceSettings(data=str(archive), target="y"))
