"""Tables as files: nearly right ones, with something hostile in them."""

import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import reject
from hypothesis import strategies as st

ROWS = 120
HEADER = ["amount", "city", "since", "flag", "y"]
CELLS = (
    *("", "NaN", "nan", "NA", "null", "None", "inf", "-inf", "1e999", "-0", "5e-324", "1_000"),
    *("0x10", "TRUE", "true", "False", "yes", "=1+1", "@SUM(A1)", "1,5", "1 000", " 3 ", "+1"),
    *("2020-01-01", "2020-13-45", "9999-12-31", "0001-01-01", "2020-01-01T00:00:00+25:00"),
    *("2020-06-01T12:00:00.123456789Z", "\ufeff", "\u0663", "\uff13", "\u2028", "é", "e\u0301"),
    *("<script>alert(1)</script>", "\x1b[31m", "\x00", '"', '""', '"a\nb"', "\n", "\r", "'", "\\"),
    *(str(2**53 + 1), str(2**63), str(-(2**63) - 1), str(10**30), "9" * 400, "x" * 3000),
)
NAMES = (
    *("", " ", "y", "amount", "y ", "Y", "1", "1.5", "nan", "index", "label", "scores", "é"),
    *("e\u0301", "__index_level_0__", "\x1b[31m", "a\x00b", "=cmd", "<b>x</b>", "😀", "a" * 300),
)
ENCODINGS = ("utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252", "utf-7", "utf-16-be")
TYPES: tuple[pa.DataType, ...] = (
    *(pa.int8(), pa.int64(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.bool_()),
    *(pa.string(), pa.large_string(), pa.binary(), pa.date32(), pa.date64(), pa.time32("s")),
    *(pa.timestamp("s"), pa.timestamp("us"), pa.timestamp("ns", "Europe/Berlin"), pa.null()),
    *(pa.duration("us"), pa.decimal128(38, 3), pa.decimal256(70, 0), pa.list_(pa.int64())),
    *(pa.struct([("a", pa.int64())]), pa.map_(pa.string(), pa.int64()), pa.string_view()),
    pa.dictionary(pa.int32(), pa.string()),
)
NUMBERS = st.integers(-(2**63), 2**63 - 1)


def rows() -> list[list[str]]:
    """A table that is right."""
    return [
        [f"{i * 7 % 41 / 4}", f"c{i % 5}", f"2021-0{1 + i % 9}-11", ("true", "false")[i % 3 == 0],
         str(i % 2)]
        for i in range(ROWS)
    ]  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A CSV file.

    Args:
        cells: What was written into it; None where its bytes were damaged afterwards.
    """

    name: str
    content: bytes
    cells: list[list[str]] | None


@st.composite
def csv_files(draw: Any) -> Written:
    """A CSV file with up to three things wrong or odd about it."""
    header, cells = [*HEADER], rows()
    for _ in range(draw(st.integers(0, 2))):
        change_cells(draw, header, cells)
    delimiter = draw(st.sampled_from(",;\t|"))
    plain = [[cell.replace(delimiter, " ") for cell in row] for row in [header, *cells]]
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    text = end.join(delimiter.join(row) for row in plain) + draw(
        st.sampled_from([end, "", end * 3])
    )
    content, whole = text.encode(), True
    if draw(st.integers(0, 4)) == 0:
        content, whole = damaged(draw, text), False
    if draw(st.integers(0, 9)) == 0:
        packed = gzip.compress(content, mtime=0)
        cut = draw(st.sampled_from([0, 0, 1, 8, 30]))
        return Written(
            "t.csv.gz", packed[: len(packed) - cut], plain if whole and not cut else None
        )
    return Written("t.csv", content, plain if whole else None)


def change_cells(draw: Any, header: list[str], cells: list[list[str]]) -> None:
    """Make a name, a cell, a column, or the length of rows something else."""
    hostile = st.sampled_from(CELLS) | st.text(max_size=6) | st.floats().map(repr)
    column = draw(st.integers(0, len(HEADER) - 1))
    kind = draw(st.sampled_from(["name", "cell", "cell", "column", "few", "short", "long"]))
    if kind == "name":
        header[column] = draw(st.sampled_from(NAMES) | st.text(max_size=6))
    elif kind == "few":
        del cells[draw(st.integers(0, 3)) :]
    elif kind in ("short", "long"):
        row = cells[draw(st.integers(0, len(cells) - 1))] if cells else header
        row[-1:] = [] if kind == "short" else [*row[-1:], draw(hostile)]
    else:
        value = draw(hostile)
        where = range(len(cells)) if kind == "column" else [draw(st.integers(0, ROWS - 1))]
        for place in where:
            if place < len(cells) and column < len(cells[place]):
                cells[place][column] = value


def damaged(draw: Any, text: str) -> bytes:
    """The bytes of a text that was saved, sent or kept badly."""
    kind = draw(st.sampled_from(["encoding", "cut", "bytes"]))
    if kind == "encoding":
        return text.encode(draw(st.sampled_from(ENCODINGS)), errors="replace")
    content = bytearray(text.encode())
    at = draw(st.integers(0, len(content)))
    if kind == "cut":
        return bytes(content[:at])
    content[at : at + draw(st.integers(0, 9))] = draw(st.binary(max_size=9))
    return bytes(content)


@st.composite
def parquet_files(draw: Any) -> bytes:
    """A Parquet file of any types, at times with its bytes damaged."""
    columns = {
        draw(st.sampled_from(NAMES)): column(draw, draw(st.sampled_from(TYPES)))
        for _ in range(draw(st.integers(0, 3)))
    }
    columns["amount"] = pa.array([i * 7 % 41 / 4 for i in range(ROWS)])
    columns["y"] = pa.array([i % 2 for i in range(ROWS)])
    stream = io.BytesIO()
    try:
        table = pa.table(columns)
        pq.write_table(table, stream, compression=draw(st.sampled_from(["none", "snappy"])))
    except pa.ArrowException:
        reject()  # No Parquet file can hold that.
    content = bytearray(stream.getvalue())
    if draw(st.integers(0, 2)) == 0:
        at = draw(st.integers(0, len(content)))
        content[at : at + draw(st.integers(0, 9))] = draw(st.binary(max_size=9))
    if draw(st.integers(0, 9)) == 0:
        del content[draw(st.integers(0, len(content))) :]
    return bytes(content)


def column(draw: Any, kind: pa.DataType) -> pa.Array:
    """A column of a type, from a few numbers over and over."""
    seeds = draw(st.lists(st.none() | NUMBERS | st.integers(-9, 9), min_size=1, max_size=5))
    values = [seeds[i % len(seeds)] for i in range(ROWS)]
    plain = pa.array(values, pa.int64())
    ways: tuple[Callable[[], pa.Array], ...] = (
        lambda: plain.cast(kind, safe=False),
        lambda: pa.array([None if v is None else [v] for v in values], kind),
        lambda: pa.array([None if v is None else {"a": v} for v in values], kind),
        lambda: pa.array([None if v is None else [("a", v)] for v in values], kind),
        lambda: pa.array([None if v is None else str(v).encode() for v in values], kind),
        lambda: pa.array([None if v is None else str(v) for v in values], kind),
    )
    for way in ways:
        try:
            return way()
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            continue
    return pa.nulls(ROWS, kind)
