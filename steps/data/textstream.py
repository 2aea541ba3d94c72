"""The bytes of a text file as they are read, held to what a table's text can be."""

from __future__ import annotations

import csv
import io
from typing import IO, Any

from serving.errors import DataError

# A file that unpacks to more than so many bytes, and so many times its own size, was made to fill
# a memory.
LARGE, RATIO = 256 << 20, 250
_BLOCK = 8 << 20


class TextStream(io.RawIOBase):
    """A stream that refuses what pandas would cut off without a word, and what unpacks to no end.

    Args:
        size: Of the file as it lies there, in bytes.
    """

    def __init__(self, stream: IO[bytes], shown: str, size: int) -> None:
        self._stream, self._shown = stream, shown
        self._most = max(LARGE, RATIO * size)
        self._met = 0

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer.

        Raises:
            DataError: The text holds a zero byte, or is far larger than its file.
        """
        part = self._stream.read(len(buffer))
        if (at := part.find(b"\0")) >= 0:
            raise DataError(
                f"'{self._shown}' holds a zero byte, the first at byte {self._met + at} of its "
                "text: it is no CSV, or was damaged."
            )
        self._met += len(part)
        refuse_bomb(self._met, self._most, self._shown)
        buffer[: len(part)] = part
        return len(part)


def refuse_bomb(found: int, most: int, shown: str) -> None:
    """Refuse a file whose content is out of all proportion to its size.

    Raises:
        DataError: It is.
    """
    if found > most:
        raise DataError(
            f"'{shown}' unpacks to more than {most} bytes, which no table of its size does. "
            "If it is meant to, unpack it first."
        )


def uneven(stream: IO[bytes], delimiter: str) -> bool:
    """Whether the rows of a text seem to differ in their number of cells, told fast."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    try:
        # One column and its bytes are all that is made of the cells.
        for _ in arrow.open_csv(
            stream,
            arrow.ReadOptions(use_threads=False, block_size=_BLOCK, autogenerate_column_names=True),
            arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            arrow.ConvertOptions(
                check_utf8=False, include_columns=["f0"], column_types={"f0": pa.binary()}
            ),
        ):
            pass
    except pa.ArrowInvalid:
        return True
    return False


def first_uneven(stream: IO[bytes], delimiter: str, width: int) -> str:
    """What to say of the first row with other than so many cells; empty where there is none."""
    lines = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    for row in reader:
        if len(row) > width and any(cell.strip() for cell in row):
            return (
                f"Expected {width} fields in line {reader.line_num}, saw {len(row)}. "
                "Quote fields that hold the delimiter."
            )
        if 0 < len(row) < width and any(cell.strip() for cell in row):
            return (
                f"line {reader.line_num} has {len(row)} fields where the header has {width}. "
                "Is it cut off? A value that is missing needs its delimiter too."
            )
    return ""
