"""CSV files, read with their header checked first: pandas lets too much of it pass."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from zipfile import ZipFile

import pandas as pd

from serving.errors import DataError
from steps.data.dtypes import refuse_duplicates
from steps.data.objectstore import Store, opened, told
from steps.data.textstream import TextStream, first_uneven, uneven

DELIMITERS = ",;\t|"
_HEAD = 1 << 20


def read_csv(store: Store) -> pd.DataFrame:
    """A CSV file, compressed or not, with a header line and comma, semicolon, tab or bar between.

    Raises:
        DataError: It is empty, has no header, a line too long, or is not UTF-8.
    """
    with _readable(store):
        names, delimiter = _opening(store)
        with _text(store) as stream:
            frame = _rows(stream, store.shown, names, delimiter)
        # To pandas the cells that a row lacks are missing values, the last column's always.
        if not frame.empty and frame.iloc[:, -1].isna().any():
            _refuse_uneven(store, len(names), delimiter)
        return frame


def csv_names(store: Store) -> list[str]:
    """The column names of a CSV file.

    Raises:
        DataError: As `read_csv` does.
    """
    with _readable(store):
        return _opening(store)[0]


def stream_csv(store: Store, rows: int, types: Mapping[str, str]) -> Iterator[pd.DataFrame]:
    """A CSV file some rows at a time, in its order.

    Args:
        rows: The most rows at a time.
        types: The types of columns that the text alone does not tell, or not in every part alike.

    Raises:
        DataError: As `read_csv` does.
    """
    with _readable(store):
        names, delimiter = _opening(store)
        # Of a part's first row pandas would cut off what is too much without a word.
        _refuse_uneven(store, len(names), delimiter)
        with (
            _text(store) as stream,
            _told_when_ragged(store.shown),
            _parser(stream, names, delimiter, chunksize=rows, dtype=dict(types)) as parser,
        ):
            for frame in parser:
                yield frame.reset_index(drop=True)


@contextmanager
def _readable(store: Store) -> Iterator[None]:
    """Say where a file stops being UTF-8."""
    _refuse_bundle(store)
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(_broken_byte(store)) from error


@contextmanager
def _text(store: Store) -> Iterator[IO[bytes]]:
    """The text of a file, held to what a CSV's can be."""
    with told(store.location):
        size = int(store.fs.size(store.path) or 0)
    with opened(store) as stream:
        yield io.BufferedReader(TextStream(stream, store.shown, size), _HEAD)


def _opening(store: Store) -> tuple[list[str], str]:
    """The column names of a file and what stands between them."""
    with opened(store) as stream:
        head = stream.read(_HEAD)
    return _header(head, store.shown)


def reads_like_data(names: list[str]) -> bool:
    """Whether a header line is more likely a row: all numbers, a fraction, or a number twice."""
    numbers = [name for name in names if _is_number(name)]
    fractions = [name for name in numbers if not name.strip("+-").isdigit()]
    repeated = len(set(numbers)) < len(numbers)
    return bool(numbers) and (len(numbers) == len(names) or bool(fractions) or repeated)


def _rows(stream: IO[bytes], shown: str, names: list[str], delimiter: str) -> pd.DataFrame:
    """The rows below the header, each as long as it.

    Raises:
        DataError: One is longer.
    """
    with _told_when_ragged(shown):
        found: pd.DataFrame = _parser(stream, names, delimiter)
        return found


@contextmanager
def _told_when_ragged(shown: str) -> Iterator[None]:
    """Turn what the parser says of a row that is too long into an error that names its line."""
    try:
        with warnings.catch_warnings():
            # Otherwise a row with too many fields loses some without an error.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            yield
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise DataError(_ragged(shown, error)) from error
    except OverflowError as error:
        raise DataError(
            f"'{shown}' holds a number that is too large to be one: {error}."
        ) from error


def _parser(stream: IO[bytes], names: list[str], delimiter: str, **more: Any) -> Any:
    """What pandas makes of the rows below the header: all of them, or some at a time."""
    return pd.read_csv(
        stream,
        names=names,
        header=0,
        index_col=False,
        sep=delimiter,
        skipinitialspace=True,
        low_memory=False,
        # The default is faster and misses the last bit of some numbers.
        float_precision="round_trip",
        compression=None,
        encoding="utf-8-sig",
        **more,
    )


def _refuse_uneven(store: Store, width: int, delimiter: str) -> None:
    """Look through a file for a row that is shorter or longer than the header.

    Raises:
        DataError: There is one.
    """
    with _text(store) as stream:
        suspicious = uneven(stream, delimiter)
    if suspicious:
        with _text(store) as stream:
            if found := first_uneven(stream, delimiter, width):
                raise DataError(f"'{store.shown}' is no well-formed CSV: {found}")


def _header(head: bytes, shown: str) -> tuple[list[str], str]:
    """The column names and what stands between them."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"'{shown}' is UTF-16 text. Save it as UTF-8.")
    if not head.strip():
        raise DataError(f"'{shown}' is empty: it holds not even a header line.")
    lines = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").splitlines(keepends=True)
    first = lines[0].decode()
    delimiter = max(DELIMITERS, key=first.count)
    text = (line.decode(errors="replace") for line in lines)
    try:
        cells = next(csv.reader(text, delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise DataError(f"The header of '{shown}' cannot be read: {error}.") from error
    names = [name.strip() for name in cells]
    _check_names(names, shown)
    return names, delimiter


def _check_names(names: list[str], shown: str) -> None:
    """Refuse a header that is none, or that leaves a column without a name of its own."""
    if reads_like_data(names):
        cells = ", ".join(names[:6])
        raise DataError(
            f"'{shown}' has no header: its first line reads like data ({cells}). "
            "Write a first line with the columns' names."
        )
    refuse_duplicates([name for name in names if name], f"'{shown}'")
    if "" in names:
        raise DataError(
            f"Column {names.index('') + 1} of '{shown}' has no name in the header. "
            "If it is the row index of pandas, write the file with index=False."
        )


def _refuse_bundle(store: Store) -> None:
    """Refuse a zip archive that holds more than one file."""
    if not store.path.lower().endswith(".zip"):
        return
    with told(store.location), store.fs.open(store.path, "rb") as raw:
        members = [name for name in ZipFile(raw).namelist() if not name.startswith("__MACOSX/")]
    if len(members) != 1:
        raise DataError(f"'{store.shown}' holds {len(members)} files. Keep one table in it.")


def _broken_byte(store: Store) -> str:
    """Say where a file stops being UTF-8."""
    offset = 0
    with opened(store) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                place = f"line {number}, byte {offset + error.start} (0x{line[error.start]:02x})"
                return (
                    f"'{store.shown}' is not UTF-8 at {place}. Save it as UTF-8, for example: "
                    "iconv -f WINDOWS-1252 -t UTF-8"
                )
            offset += len(line)
    return f"'{store.shown}' is not UTF-8. Save it as UTF-8."


def _ragged(shown: str, error: Exception) -> str:
    """Say which line has more fields than the header."""
    words = str(error).removeprefix("Error tokenizing data. C error: ").strip()
    if isinstance(error, pd.errors.ParserWarning):
        words = "its rows have more fields than the header has names"
    return f"'{shown}' is no well-formed CSV: {words}. Quote fields that hold the delimiter."


def _is_number(text: str) -> bool:
    """Whether a header's cell is a number; 'nan' and 'inf' are words here."""
    try:
        float(text)
    except ValueError:
        return False
    return any(character.isdigit() for character in text)
