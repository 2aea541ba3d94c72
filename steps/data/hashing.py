"""Hashes of tables and rows that stay the same for ever, on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steps.data.stored import Table

Hashes = NDArray[np.uint64]
Buffer = bytes | memoryview

# Rows that are hashed at once: what lies between two numbers stays small, and near the processor.
BLOCK = 1 << 16

_MISSING = np.uint64(0x9E3779B97F4A7C15)


def table_digest(frame: Table) -> str:
    """The identity of a table's content: its names, types and values, in their order."""
    digest = hashlib.sha256(f"{len(frame)} rows".encode())
    for name in frame.columns:
        series = frame[name]
        digest.update(repr((str(name), str(series.dtype))).encode())
        for part in _bytes(series):
            digest.update(part)
    return f"sha256:{digest.hexdigest()}"


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
        salt, series = _text_hash(name), frame[name]
        states = [state for columns, state in chosen if name in columns]
        for start in range(0, len(frame), BLOCK):
            here = slice(start, start + BLOCK)
            mixed = _mixed(_values_hash(series.iloc[here]) + salt)
            for state in states:
                state[here] = _mixed(state[here] ^ mixed)
    return [state for _, state in chosen]


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


def _bytes(series: pd.Series) -> Iterator[Buffer]:
    """A column's values as bytes, with one form for everything that is missing."""
    if series.dtype == "bool" or series.dtype == "int64":
        yield np.ascontiguousarray(series.to_numpy().astype("<i8", copy=False)).data
    elif series.dtype == "float64":
        missing, numbers = series.isna().to_numpy(), series.to_numpy()
        yield np.where(missing, np.nan, numbers).astype("<f8", copy=False).data
    elif pd.api.types.is_datetime64_any_dtype(series.dtype):
        yield series.astype("datetime64[us]").to_numpy().astype("<i8").data
    else:
        codes, distinct = _factorized(series)
        yield codes.astype("<i8", copy=False).data
        texts = [str(value).encode() for value in distinct]
        yield np.array([len(text) for text in texts], dtype="<i8").data
        yield b"".join(texts)
