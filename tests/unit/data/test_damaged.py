"""Files that are damaged, cut off or made to do harm: refused by name, and nothing cut off."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.errors import DataError
from steps.data import parquet, textstream
from steps.data.settings import SourceSettings
from steps.data.source import read_table

CSV = b"a,b,y\n" + b"".join(b"%d,x%d,%d\n" % (i, i % 3, i % 2) for i in range(50))
ROWS = 20


def read(path: Path, content: bytes) -> pd.DataFrame:
    """The table of a file with that content."""
    path.write_bytes(content)
    return read_table(SourceSettings(data=str(path), target="y"))


def zipped(**files: bytes) -> bytes:
    """A zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def stored(notes: dict[bytes, bytes] | None = None, **columns: Any) -> bytes:
    """A Parquet file with a target and these columns."""
    table = pa.table({"y": [i % 2 for i in range(ROWS)], **columns})
    stream = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(notes), stream)
    return stream.getvalue()


def texts(content: bytes) -> pa.Array:
    """A column whose text is none."""
    offsets = pa.array(range(ROWS + 1), pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), ROWS, [None, offsets, pa.py_buffer(content * ROWS)])


NAMELESS: Any = {"": [1] * ROWS}
NOTES = json.dumps({"index_columns": ["y"], "columns": [], "column_indexes": []}).encode()
FILES = {
    "a last line cut off": ("t.csv", CSV[:-3], "line 51 has 2 fields where the header has 3"),
    "a row too short": ("t.csv", CSV + b"7\n8,x,1\n", "line 52 has 1 fields"),
    "a row too short, quoted": ("t.csv", CSV + b'"7\n,",\n8,x,1\n', "line 53 has 2 fields"),
    "a zero byte": ("t.csv", CSV + b"7,x\x00z,1\n", "holds a zero byte, the first at byte"),
    "a header without end": ("t.csv", b"a" * 200_000 + b",y\n1,2\n", "The header of"),
    "a name that a terminal obeys": ("t.csv", b"\x1b[31m,y\n1,2\n", r"cannot be shown: '\x1b[31m'"),
    "a number without end": ("t.csv", CSV + b"9" * 400 + b",x,1\n", "'a'"),
    "numbers without end": ("t.csv", b"a,y\n" + (b"9" * 400 + b",1\n") * 9, "too large"),
    "gzip cut off": ("t.csv.gz", gzip.compress(CSV)[:-9], "damaged or cut off"),
    "gzip that is none": ("t.csv.gz", CSV, "damaged or cut off"),
    "bzip2 that is none": ("t.csv.bz2", b"BZh91" + CSV, "damaged or cut off"),
    "xz cut off": ("t.csv.xz", lzma.compress(CSV)[:-9], "damaged or cut off"),
    "xz that is none": ("t.csv.xz", CSV, "damaged or cut off"),
    "zip cut off": ("t.csv.zip", zipped(t=CSV)[:-9], "damaged or cut off"),
    "zip of two": ("t.csv.zip", zipped(t=CSV, u=CSV), "holds 2 files"),
    "zstd, which nothing here reads": ("t.csv.zst", CSV, "ends in no suffix of a table"),
    "parquet cut off": ("t.parquet", stored()[:-9], "Is it complete?"),
    "parquet with no footer": ("t.parquet", stored()[:-8] + b"\x04\0\0\0PAR1", "Is it complete?"),
    "parquet with broken pages": ("t.parquet", b"PAR1" + b"\xff" * 60 + stored()[64:], "t.parquet"),
    "parquet that is empty": ("t.parquet", b"", "Is it complete?"),
    "text that is no UTF-8": ("t.parquet", stored(s=texts(b"\xff")), "Invalid UTF8"),
    "notes of pandas that say nothing": ("t.parquet", stored({b"pandas": b"?"}), "t.parquet"),
    "an index named as a column": (
        "t.parquet",
        stored({b"pandas": NOTES.replace(b'["y"]', b'[{"kind": "range", "name": "y", "start": 0, '
                                         b'"stop": 20, "step": 1}]')}),
        "more than one column named 'y'",
    ),
    "a date after the last": (
        "t.parquet",
        stored(s=pa.array([2**30] * ROWS, pa.date32())),
        "out of range",
    ),
    "a time after the last": (
        "t.parquet",
        stored(s=pa.array([2**62] * ROWS, pa.timestamp("us"))),
        "Column 's' holds a time outside of the years 1 to 9999",
    ),
    "a time far after the last": (
        "t.parquet",
        stored(s=pa.array([2**50] * ROWS, pa.timestamp("s"))),
        "Column 's' holds a time outside of the years 1 to 9999",
    ),
    "a column without a name": ("t.parquet", stored(**NAMELESS), "cannot be shown: ''"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    """As the user's mistake, in one line that says what is wrong."""
    file, content, told = FILES[name]
    with pytest.raises(DataError) as caught:
        read(tmp_path / file, content)
    assert told in str(caught.value)
    assert file in str(caught.value) or "Column" in str(caught.value)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_a_missing_value_with_its_delimiter_is_no_short_row(tmp_path: Path, end: bytes) -> None:
    """Neither are empty lines, nor a line's end inside quotes or behind a blank before them."""
    content = b'a,b,y\n1,x,0\n\n  \n2,"x\nz", \n3, "x,\nz",1\n4,,' + end
    frame = read(tmp_path / "t.csv", content)
    assert len(frame) == 4
    assert frame["y"].isna().tolist() == [False, True, False, True]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_file_that_unpacks_to_no_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Any
) -> None:
    """Before it fills the memory."""
    monkeypatch.setattr(textstream, "LARGE", 1 << 20)
    suffix = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz"}[pack]
    content = pack(b"a,y\n" + b"1,1\n" * (1 << 20))
    with pytest.raises(DataError, match="unpacks to more than 1048576 bytes"):
        read(tmp_path / f"t.csv.{suffix}", content)


def test_a_parquet_file_of_endless_equal_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few bytes may stand for any number of cells."""
    monkeypatch.setattr(parquet, "LARGE", 1 << 20)
    monkeypatch.setattr(parquet, "RATIO", 100)
    stream = io.BytesIO()
    pq.write_table(pa.table({"y": pa.array([1] * 1_000_000)}), stream)
    with pytest.raises(DataError, match="unpacks to more than"):
        read(tmp_path / "t.parquet", stream.getvalue())
