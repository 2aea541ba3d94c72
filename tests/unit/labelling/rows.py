"""Logged rows as a server writes them, of the columns in `tests.unit.monitoring.spread`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np

from serving.schema import TableSchema
from tests.unit.monitoring.spread import CATEGORIES, SCHEMA

REGRESSION = replace(SCHEMA, task="regression", classes=())
TIME = "2026-07-31T12:00:00+00:00"


def features(seed: int, **given: object) -> dict[str, Any]:
    """One row's features, drawn from what the profile was learnt from."""
    rng = np.random.default_rng(seed)
    drawn = {
        "normal": float(rng.normal()),
        "whole": int(rng.poisson(2.0)),
        "skewed": float(rng.exponential()),
        "kind": str(rng.choice(CATEGORIES[:4])),
    }
    return {**drawn, **given}


def answered(name: str, positive: float | None = None, *, row: int = 0, **more: Any) -> Any:
    """One line of the log; without a probability of the second class that of a regression."""
    seed = crc32(f"{name} {row}".encode())
    line = {"time": TIME, "id": name, "row": row, "version": "1", "features": features(seed)}
    if positive is None:
        return {**line, "prediction": 1.0, **more}
    label = "yes" if positive > 0.5 else "no"
    return {**line, "label": label, "scores": [1 - positive, positive], **more}


def schema(*sensitive: str) -> TableSchema:
    """The binary schema with some columns sensitive."""
    return SCHEMA.guarding(sensitive)
