"""Hashes of tables and rows that stay the same for ever, on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steps.data.stored import Table, parts

Hashes = NDArray[np.uint64]
Buffer = bytes | memoryview

# Rows that are hashed at once: what lies between two numbers stays small, and near the processor.
BLOCK = 1 << 16
# Distinct texts of a column that are held as Python's, of which each takes some hundred bytes.
TEXTS = 1 << 17


class _ManyTextsError(Exception):
    """A column holds more distinct texts than `TEXTS`."""


_MISSING = np.uint64(0x9E3779B97F4A7C15)


def table_digest(frame: Table) -> str:
    """The identity of a table's content: its names, types and values, in their order."""
    digest = hashlib.sha256(f"{len(frame)} rows".encode())
    for name, dtype in frame.dtypes.items():
        digest.update(repr((str(name), str(dtype))).encode())
        digest = _with_column(digest, frame, str(name))
    return f"sha256:{digest.hexdigest()}"


def _with_column(digest: Any, frame: Table, name: str) -> Any:
    """A digest that goes on with a column's values."""
    grown = digest.copy()
    try:
        for part in _bytes(parts(frame, name)):
            grown.update(part)
    except _ManyTextsError:
        grown = digest
        for part in _text_bytes(frame[name]):
            grown.update(part)
    return grown


def row_hash(frame: Table, columns: Iterable[str], seed: int = 0) -> Hashes:
    """One number a row, from the values of these columns alone.

    The order of the columns and of the rows does not matter, and a whole number hashes the same as
    an integer and as a float, so that a CSV and a Parquet file of one table agree. The mixing is
    SplitMix64 (Steele, Lea and Flood, 2014).
    """
    return row_hashes(frame, [columns], seed)[0]


def row_hashes(frame: Table, choices: Sequence[Iterable[str]], seed: int = 0) -> list[Hashes]:
    """`row_hash` by each of several choices of columns, each column read once."""
    first = _mixed(np.array([seed % 2**64], dtype=np.uint64))[0]
    chosen = [(set(columns), np.full(len(frame), first)) for columns in choices]
    for name in sorted(set().union(*(columns for columns, _ in chosen))):
        salt, place = _text_hash(name), 0
        states = [state for columns, state in chosen if name in columns]
        for block in _blocks(parts(frame, name)):
            here, place = slice(place, place + len(block)), place + len(block)
            mixed = _mixed(_values_hash(block) + salt)
            for state in states:
                state[here] = _mixed(state[here] ^ mixed)
    return [state for _, state in chosen]


def count_hashes(hashes: Hashes) -> int:
    """How many of them differ; they are put into order where they lie."""
    hashes.sort()
    return len(hashes) and 1 + int(np.count_nonzero(hashes[1:] != hashes[:-1]))


def _mixed(value: Hashes) -> Hashes:
    """SplitMix64's step and finaliser."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _values_hash(series: pd.Series) -> Hashes:
    """One number a value; equal numbers get equal ones whatever their type."""
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        values = series.astype("datetime64[us]").to_numpy().view(np.uint64)
    elif pd.api.types.is_numeric_dtype(series.dtype) or series.dtype == "boolean":
        # Adding zero turns -0.0 into 0.0.
        values = (series.to_numpy(np.float64, na_value=np.nan) + 0.0).view(np.uint64)
    else:
        codes, distinct = _factorized(series)
        table = np.array([*map(_text_hash, distinct), _MISSING], dtype=np.uint64)
        values = table[codes]
    return np.where(series.isna().to_numpy(), _MISSING, values)


def _factorized(series: pd.Series) -> tuple[NDArray[np.int64], pd.Index]:
    """Each text's place among the distinct ones, -1 where it is missing."""
    # As Python objects pandas would take texts for equal that differ behind a zero byte.
    codes, distinct = pd.factorize(series.astype("str"))
    return codes, distinct


def _text_hash(value: object) -> np.uint64:
    """The first eight bytes of a text's BLAKE2b."""
    digest = hashlib.blake2b(str(value).encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _blocks(column: Iterable[pd.Series]) -> Iterator[pd.Series]:
    """Parts of a column, none of them long."""
    for part in column:
        for start in range(0, len(part), BLOCK):
            yield part.iloc[start : start + BLOCK]


def _bytes(column: Iterable[pd.Series]) -> Iterator[Buffer]:
    """The bytes of a column's parts, the same however it was parted.

    Raises:
        _ManyTextsError: Its distinct texts should not be held as Python's.
    """
    codes: dict[str, int] = {}
    text = False
    for series in column:
        if (plain := _number_bytes(series)) is not None:
            yield plain
            continue
        text = True
        here, distinct = _factorized(series)
        if len(codes) + len(distinct) > TEXTS:
            raise _ManyTextsError
        known = [codes.setdefault(str(value), len(codes)) for value in distinct]
        yield np.array([*known, -1], dtype="<i8")[here].data
    if text:
        yield from _spelt(codes)


def _text_bytes(series: pd.Series) -> Iterator[Buffer]:
    """The same of a whole column of text."""
    codes, distinct = _factorized(series)
    yield codes.astype("<i8", copy=False).data
    yield from _spelt(map(str, distinct))


def _spelt(values: Iterable[str]) -> Iterator[Buffer]:
    """Texts by their lengths and their letters."""
    texts = [value.encode() for value in values]
    yield np.array([len(text) for text in texts], dtype="<i8").data
    yield b"".join(texts)


def _number_bytes(series: pd.Series) -> Buffer | None:
    """Numbers with one form for everything that is missing; None of a text."""
    if series.dtype == "bool" or series.dtype == "int64":
        values = np.ascontiguousarray(series.to_numpy().astype("<i8", copy=False))
    elif series.dtype == "float64":
        values = np.where(series.isna().to_numpy(), np.nan, series.to_numpy())
        values = values.astype("<f8", copy=False)
    elif pd.api.types.is_datetime64_any_dtype(series.dtype):
        values = series.astype("datetime64[us]").to_numpy().astype("<i8")
    else:
        return None
    plain: Buffer = values.data
    return plain
