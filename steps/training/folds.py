"""Which training row is scored by which fold of the cross-validation."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from serving.errors import ConfigError, DataError, near_miss
from serving.schema import TableSchema
from steps.training.candidate import Folds, Target
from steps.training.settings import TuningSettings


def assign_folds(
    target: Target,
    schema: TableSchema,
    settings: TuningSettings,
    seed: int,
    groups: NDArray[Any] | None = None,
) -> Folds:
    """The fold of each row: with equal shares of the classes, and whole groups where given."""
    _check_classes(target, schema)
    kinds = {
        (False, False): StratifiedKFold,
        (False, True): StratifiedGroupKFold,
        (True, False): KFold,
        (True, True): GroupKFold,
    }
    kind = kinds[schema.task == "regression", groups is not None]
    splitter = kind(n_splits=settings.folds, shuffle=True, random_state=seed)
    return _number(splitter, target, groups)


def groups_of(rows: Any, settings: TuningSettings) -> NDArray[Any] | None:
    """The values of the group column, as codes; None when no group is asked for."""
    if settings.group is None:
        return None
    if settings.group not in rows.columns:
        missing = near_miss(settings.group, map(str, rows.columns))
        raise ConfigError(f"tuning.group: there is no column '{settings.group}'. {missing}")
    group = rows[settings.group]
    codes: NDArray[Any] = group.groupby(group, dropna=False, sort=True).ngroup().to_numpy()
    return codes


def _number(splitter: Any, target: Target, groups: NDArray[Any] | None) -> Folds:
    folds = np.zeros(len(target), dtype=np.int64)
    with warnings.catch_warnings():
        # A class with fewer rows than folds is missing from some; its scores are then zero there.
        warnings.filterwarnings("ignore", message="The least populated class")
        try:
            for number, (_, held) in enumerate(splitter.split(target, target, groups)):
                folds[held] = number
        except ValueError as error:
            raise DataError(f"The training rows cannot be cut into folds: {error}") from error
    return folds


def _check_classes(target: Target, schema: TableSchema) -> None:
    """Refuse a class that no training row holds: no model could ever answer it."""
    if schema.task == "regression":
        return
    counts = np.bincount(np.asarray(target, dtype=np.int64), minlength=schema.width)
    absent = [name for name, count in zip(schema.classes, counts, strict=True) if not count]
    if absent:
        raise DataError(
            f"No training row has '{schema.target}' = '{absent[0]}': drop the class, "
            "merge it with another one or bring more rows."
        )
