"""Two models on the same held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schema import TableSchema
from steps.evaluation.evaluation import Against
from steps.evaluation.intervals import Bootstrap, Groups
from steps.evaluation.metrics import Metric, Targets
from steps.evaluation.settings import GateSettings


@dataclass(frozen=True, slots=True)
class Contender:
    """A model as the registry knows it; `version` is empty before registration."""

    name: str
    digest: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Contest:
    """The same held-out rows, scored by the challenger and by its rival.

    Args:
        rival: The scores of the champion, or of the trivial baseline where there is none.
        labels: The value of each row in each column to slice by.
        groups: The group of each row, coded from 0, where rows were split by group.
        places: Which of the held-out rows these are; None: all of them.
    """

    metric: Metric
    y: Targets
    challenger: NDArray[Any]
    rival: NDArray[Any]
    against: Against
    labels: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    groups: Groups | None = None
    places: NDArray[np.int64] | None = None


def bootstrap_of(settings: GateSettings) -> Bootstrap:
    """How the gate draws its intervals."""
    return Bootstrap(settings.resamples, settings.confidence, settings.seed)


def baseline_scores(y_train: Targets, schema: TableSchema, rows: int) -> NDArray[np.float64]:
    """What the best constant answers: the training rows' class shares, or their mean."""
    if schema.task == "regression":
        return np.full((rows, 1), float(np.mean(y_train)))
    shares = np.bincount(y_train.astype(np.int64), minlength=schema.width) / max(len(y_train), 1)
    return np.tile(shares, (rows, 1))
