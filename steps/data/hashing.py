"""Hashes of tables and rows that stay the same for ever, on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_MISSING = np.uint64(0x9E3779B97F4A7C15)


def table_digest(frame: pd.DataFrame) -> str:
    """The identity of a table's content: its names, types and values, in their order."""
    digest = hashlib.sha256(f"{len(frame)} rows".encode())
    for name in frame.columns:
        series = frame[name]
        digest.update(repr((str(name), str(series.dtype))).encode())
        digest.update(_bytes(series))
    return f"sha256:{digest.hexdigest()}"


def row_hash(frame: pd.DataFrame, columns: Iterable[str], seed: int = 0) -> Hashes:
    """One number a row, from the values of these columns alone.

    The order of the columns and of the rows does not matter, and a whole number hashes the same as
    an integer and as a float, so that a CSV and a Parquet file of one table agree. The mixing is
    SplitMix64 (Steele, Lea and Flood, 2014).
    """
    state = np.full(len(frame), _mixed(np.array([seed % 2**64], dtype=np.uint64))[0])
    for name in sorted(columns):
        salt = _text_hash(name)
        state = _mixed(state ^ _mixed(_values_hash(frame[name]) + salt))
    return state


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


def _bytes(series: pd.Series) -> bytes:
    """A column's values as bytes, with one form for everything that is missing."""
    values: NDArray[np.generic]
    missing = series.isna().to_numpy()
    if series.dtype == "bool" or series.dtype == "int64":
        values = series.to_numpy().astype("<i8")
        return values.tobytes()
    if series.dtype == "float64":
        values = np.where(missing, np.nan, series.to_numpy()).astype("<f8")
        return values.tobytes()
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        values = series.astype("datetime64[us]").to_numpy().astype("<i8")
        return values.tobytes()
    values, distinct = _factorized(series)
    texts = [str(value).encode() for value in distinct]
    lengths = np.array([len(text) for text in texts], dtype="<i8")
    return values.astype("<i8").tobytes() + lengths.tobytes() + b"".join(texts)
