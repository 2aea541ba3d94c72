"""Windows of thirty columns whose shifts are known, as rows and as a prediction log."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.schema import Column, TableSchema
from serving.shipping.blocks import packed
from serving.shipping.layout import STAMP, place

Rows = NDArray[np.float32]

NAMES = tuple(f"k{number}" for number in range(6))
SHARES = np.array([0.35, 0.25, 0.15, 0.12, 0.08, 0.05])
MISSING_CODE = len(NAMES) + 1
MISSING = 0.05
MODEL, VERSION = "bench", "1"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SEGMENT, APART = 50_000, timedelta(microseconds=1_001)
# Each column that a shifted window moves, by what moves it and how far.
MEAN = {"mean +0.1 sd": 0.1, "mean +0.25 sd": 0.25, "mean +0.5 sd": 0.5}
SPREAD = {"sd times 1.1": 1.1, "sd times 1.25": 1.25, "sd times 1.5": 1.5}
ABSENT = {"missing +2 points": 0.02, "missing +5 points": 0.05, "missing +15 points": 0.15}
SHARE = {"a category +2 points": 0.02, "a category +5 points": 0.05, "a category +20 points": 0.2}
PLANTS = (*MEAN, *SPREAD, *ABSENT, *SHARE)
STILL_NUMBERS, STILL_CATEGORIES = 11, 7
NUMBERS = (*MEAN, *SPREAD, *ABSENT, *(f"number {place}" for place in range(STILL_NUMBERS)))
CATEGORIES = (*SHARE, *(f"category {place}" for place in range(STILL_CATEGORIES)))
SCHEMA = TableSchema(
    task="binary",
    target="y",
    columns=(
        *(Column(name, "numeric", "float64", MISSING) for name in NUMBERS),
        *(Column(name, "categorical", "str", MISSING, categories=NAMES) for name in CATEGORIES),
    ),
    classes=("no", "yes"),
)


def draw(rows: int, seed: int, *, shifted: bool = False) -> Rows:
    """Encoded rows [rows, 30], with every plant in a column of its own where they are shifted."""
    rng = np.random.default_rng(seed)
    numbers = [_number(name, rows, rng, shifted=shifted) for name in NUMBERS]
    codes = [_code(SHARE.get(name, 0.0) * shifted, rows, rng) for name in CATEGORIES]
    return np.column_stack([*numbers, *codes]).astype(np.float32)


def scores(rows: int, seed: int) -> Rows:
    """Scores [rows, 2], which no window shifts."""
    share = np.random.default_rng(seed).beta(2, 5, size=(rows, 1))
    return np.hstack([1 - share, share]).astype(np.float32)


def write_log(uri: Path, matrix: Rows, answers: Rows) -> tuple[datetime, datetime]:
    """The log that a server would have shipped of such rows, as its shipping process packs them.

    Returns the window that holds it.
    """
    for number, first in enumerate(range(0, len(matrix), SEGMENT)):
        begun = BEGAN + timedelta(minutes=number)
        part = slice(first, first + SEGMENT)
        data = b"".join(lines(matrix[part], answers[part], first, begun))
        path = uri / place(MODEL, f"{begun.strftime(STAMP)}-{number:04d}.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(b"".join(packed(data)), 1, mtime=0))
    return BEGAN, BEGAN + timedelta(days=1)


def lines(matrix: Rows, answers: Rows, first: int, begun: datetime) -> Iterator[bytes]:
    """One line a row, as `serving/log.py` writes it."""
    for place_, (values, row) in enumerate(zip(values_of(matrix), answers.tolist(), strict=True)):
        when = begun + place_ * APART
        line: dict[str, Any] = {
            "time": when.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "id": f"request-{first + place_}",
            "row": 0,
            "model": MODEL,
            "version": VERSION,
            "features": dict(zip(SCHEMA.names, values, strict=True)),
            "label": SCHEMA.classes[row[1] > row[0]],
            "scores": row,
            "ms": 0.123,
        }
        yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def values_of(matrix: Rows) -> Iterator[list[float | str | None]]:
    """Each row as a request holds it."""
    names = [*NAMES, "(new)", None]
    columns: list[list[float | str | None]] = []
    for column, values in zip(SCHEMA.columns, matrix.T, strict=True):
        if column.kind == "categorical":
            columns.append([names[code] for code in values.astype(np.int64).tolist()])
        else:
            columns.append(
                [None if value != value else round(value, 4) for value in values.tolist()]
            )
    return (list(row) for row in zip(*columns, strict=True))


def _number(name: str, rows: int, rng: np.random.Generator, *, shifted: bool) -> NDArray[Any]:
    values: NDArray[Any] = rng.normal(size=rows)
    missing = MISSING
    if shifted:
        values = values * SPREAD.get(name, 1.0) + MEAN.get(name, 0.0)
        missing += ABSENT.get(name, 0.0)
    if name not in PLANTS:
        # As tables have them: some skewed, some of whole numbers.
        kind = int(name.split()[1]) % 3
        values = (values, np.exp(values), np.floor(2.0 * np.abs(values)))[kind]
    values[rng.random(rows) < missing] = np.nan
    return values


def _code(more: float, rows: int, rng: np.random.Generator) -> NDArray[Any]:
    shares = SHARES * (1 - SHARES[1] - more) / (1 - SHARES[1])
    shares[1] = SHARES[1] + more
    codes = rng.choice(len(NAMES), rows, p=shares)
    return np.where(rng.random(rows) < MISSING, MISSING_CODE, codes)
