"""The column to predict: what kind of prediction it asks for, and whether it can be learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
import pandas as pd

from serving.errors import DataError, near_miss
from serving.schema import Task
from steps.data.columnfile import GROUP
from steps.data.csvfile import reads_like_data
from steps.data.dtypes import as_text, whole
from steps.data.settings import AskedTask, ValidationSettings
from steps.data.stored import Table, parts
from steps.data.values import distinct, value_rows

# A column of integers with more distinct values than this is a quantity.
MAX_INTEGER_CLASSES = 20
# More classes than this are names or free text.
MAX_CLASSES = 100


def recognise_task(target: pd.Series, asked: AskedTask = "auto") -> Task:
    """What kind of prediction a target asks for.

    Text and booleans are classes, integers are when at most 20 distinct ones occur, and all other
    numbers are quantities, unless the settings say which.

    Raises:
        DataError: The target cannot be predicted, or not as it is asked.
    """
    name, values = str(target.name), target.dropna()
    if pd.api.types.is_datetime64_any_dtype(target.dtype):
        raise DataError(f"The target '{name}' holds times, which no task here predicts.")
    numbers = target.dtype in ("int64", "float64")
    count = int(values.nunique())
    _refuse_constant(name, values, count)
    if asked == "regression" or (asked == "auto" and _is_quantity(target, count)):
        if not numbers:
            raise DataError(f"The target '{name}' holds {target.dtype}; regression needs numbers.")
        return "regression"
    if asked in get_args(Task):
        _check_asked(name, asked, values, count)
    if count > MAX_CLASSES:
        raise DataError(_too_many(name, count, numbers))
    return "binary" if count == 2 else "multiclass"


def check_target(frame: Table, target: str) -> Table:
    """The rows that have a target.

    Raises:
        DataError: The target is absent, infinite, or missing in every row.
    """
    if target not in frame.columns:
        raise DataError(_absent(target, [str(name) for name in frame.columns]))
    present = np.concatenate([part.notna().to_numpy() for part in parts(frame, target)])
    if not present.any():
        raise DataError(f"The target '{target}' is missing in every row.")
    return frame if present.all() else frame[present].reset_index(drop=True)


def check_rows(labelled: Table, target: str, task: Task, asked: ValidationSettings) -> None:
    """Refuse a table too small to learn from and to test on.

    Raises:
        DataError: There are too few rows, or too few of one class.
    """
    if len(labelled) < asked.min_rows:
        raise DataError(
            f"The table has {len(labelled)} rows with a target; at least {asked.min_rows} are "
            "needed (validation.min_rows)."
        )
    if task == "regression":
        return
    counts = class_rows(labelled, target)
    if counts.min() < asked.min_class_rows:
        raise DataError(
            f"Class '{counts.idxmin()}' of '{target}' has {counts.min()} rows; at least "
            f"{asked.min_class_rows} are needed (validation.min_class_rows)."
        )


def task_of(labelled: Table, target: str, asked: AskedTask = "auto") -> Task:
    """What kind of prediction a table's target asks for.

    Raises:
        DataError: As `recognise_task` does.
    """
    values = distinct(labelled, target)
    quantity = len(values) > GROUP and values.dtype in ("int64", "float64")
    if len(values) > GROUP and not (quantity and asked in ("auto", "regression")):
        values = labelled[target]  # How many there are is told.
    return recognise_task(values, asked)


def class_rows(labelled: Table, target: str) -> pd.Series:
    """How many rows each class has, by its name, the most frequent first."""
    rows = value_rows(labelled, target)
    values = rows.index.to_series().astype(labelled.dtypes[target])
    return rows.set_axis(as_text(values).to_numpy())


def class_names(target: pd.Series) -> tuple[str, ...]:
    """The names of a target's classes: numbers by their value, everything else by its name."""
    values = pd.Series(np.sort(target.dropna().unique()))
    return tuple(as_text(values.astype(target.dtype)))


def _is_quantity(target: pd.Series, count: int) -> bool:
    """Whether a target is a number to be estimated instead of a class."""
    if target.dtype not in ("int64", "float64"):
        return False
    return not whole(target) or count > MAX_INTEGER_CLASSES


def _refuse_constant(name: str, values: pd.Series, count: int) -> None:
    """Refuse a target with nothing to tell apart."""
    if np.isinf(values).any() if values.dtype == "float64" else False:
        raise DataError(f"The target '{name}' holds infinite values.")
    if count < 2:
        only = as_text(values).iloc[0]
        raise DataError(
            f"The target '{name}' is constant: every row holds '{only}'. With one class only "
            "there is nothing to learn."
        )


def _check_asked(name: str, asked: AskedTask, values: pd.Series, count: int) -> None:
    """Refuse a number of classes that the task asked for does not have."""
    if (asked == "binary") == (count == 2):
        return
    some = ", ".join(as_text(pd.Series(values.unique()[:5])))
    raise DataError(
        f"The target '{name}' has {count} distinct values ({some}{', ...' if count > 5 else ''}), "
        f"which is no {asked} target."
    )


def _too_many(name: str, count: int, numbers: bool) -> str:
    """What to say of more classes than can be told apart."""
    advice = "Ask for task=regression." if numbers else "Is it a name or free text?"
    return f"The target '{name}' has {count} classes, more than {MAX_CLASSES}. {advice}"


def _absent(target: str, names: Sequence[str]) -> str:
    """What to say of a target that is no column."""
    known = near_miss(target, names)
    hint = " Does the file lack a header line?" if reads_like_data([*names]) else ""
    return f"The table has no column '{target}' to predict. {known}{hint}"
