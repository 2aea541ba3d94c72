"""Columns that give the target away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.schema import Task
from steps.data.finding import Finding, warn
from steps.data.stored import Table

MAX_ROWS = 10_000
DEPTH = 6

Numbers = NDArray[np.float64]


def find_leaks(
    labelled: Table, features: Sequence[str], target: str, task: Task, threshold: float
) -> list[Finding]:
    """The columns that alone predict the target nearly without fault.

    The measure: half of at most 10,000 rows fit a decision tree of depth 6 on this one column
    (on a categorical column the mean or the most frequent class of each category), the other half
    is predicted; the score is the balanced accuracy, in a regression R squared.
    """
    rows = np.random.default_rng(0).permutation(len(labelled))[:MAX_ROWS]
    sample = labelled.take(rows).reset_index(drop=True)
    answers = sample[target] if task == "regression" else pd.Series(pd.factorize(sample[target])[0])
    found = []
    for name in features:
        score = leak_score(sample[name], answers.to_numpy(np.float64), task)
        if score > threshold:
            text = f"Column '{name}' alone predicts '{target}' ({score:.3f} of 1): is it known"
            found.append(warn("leak", f"{text} before the answer is? If not, drop it.", name))
    return found


def leak_score(column: pd.Series, answers: Numbers, task: Task) -> float:
    """How well one column predicts the answers of the half it did not see; at most 1."""
    middle = len(column) // 2
    numbers = column.dtype in ("int64", "float64") or "datetime64" in str(column.dtype)
    predict = _by_tree if numbers else _by_category
    predicted = predict(column, answers[:middle], middle, task)
    actual = answers[middle:]
    return _r_squared(actual, predicted) if task == "regression" else _balanced(actual, predicted)


def _by_tree(column: pd.Series, answers: Numbers, middle: int, task: Task) -> Numbers:
    """Predictions of a shallow tree, which finds the exact threshold."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier
    if column.dtype not in ("int64", "float64"):
        column = (column - column.min()).dt.total_seconds()
    values = column.to_numpy(np.float64).reshape(-1, 1)
    tree = kind(max_depth=DEPTH, random_state=0).fit(values[:middle], answers)
    return np.asarray(tree.predict(values[middle:]), dtype=np.float64)


def _by_category(column: pd.Series, answers: Numbers, middle: int, task: Task) -> Numbers:
    """The mean, or the most frequent class, of each category."""
    codes = pd.Series(pd.factorize(column, use_na_sentinel=False)[0])
    seen = pd.Series(answers).groupby(codes[:middle])
    table = seen.mean() if task == "regression" else seen.agg(lambda group: group.mode().iloc[0])
    default = answers.mean() if task == "regression" else -1.0
    return np.asarray(codes[middle:].map(table).fillna(default), dtype=np.float64)


def _balanced(actual: Numbers, predicted: Numbers) -> float:
    """The mean of the classes' recalls."""
    hits = pd.Series(actual == predicted).groupby(actual).mean()
    return float(hits.mean())


def _r_squared(actual: Numbers, predicted: Numbers) -> float:
    """The share of the variance that is explained."""
    spread = float(((actual - actual.mean()) ** 2).sum())
    return 1.0 - float(((actual - predicted) ** 2).sum()) / spread if spread else 0.0
