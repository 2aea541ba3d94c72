"""A trained model that may become the champion."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schema import TableSchema

Rows = NDArray[np.float32]
Target = NDArray[np.int64] | NDArray[np.float64]
Scores = NDArray[np.float32]
Folds = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of parameters and what it reached.

    Args:
        score: The mean of the fold scores, in the metric's own unit.
    """

    parameters: dict[str, Any]
    score: float
    fold_scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """A native model that is still where it is stored: most steps need the graph alone."""

    read: Callable[[], object | None]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A model fitted on all training rows, and how it did in cross-validation.

    Args:
        kind: A `CandidateKind`, or "blend".
        native: The fitted scikit-learn estimator or torch module on the encoded matrix; a blend
            has none, its ONNX graph is the model. `native_model` reads one that is stored.
        onnx: The same model with one input `rows` [rows, columns] and one output `scores`
            [rows, classes], both float32.
        parameters: The best trial's; a blend's are the weights of its members.
        cv_scores: The metric on each fold, of models that did not see that fold.
        oof: Scores of every training row by the model that did not see it, [rows, classes].
        folds: The fold of every training row.
        difference: The largest difference between native and ONNX scores that was seen.
        seconds: How long tuning, fitting and converting took.
        note: What a reader of the results should know about it.
    """

    name: str
    kind: str
    native: object | Unread | None
    onnx: bytes
    schema: TableSchema
    parameters: dict[str, Any]
    metric: str
    cv_scores: tuple[float, ...]
    oof: Scores
    folds: Folds
    trials: tuple[Trial, ...]
    difference: float
    seconds: float
    note: str = field(default="")

    def native_model(self) -> object | None:
        """The native model, from its store where it has not been read."""
        return self.native.read() if isinstance(self.native, Unread) else self.native

    @property
    def cv_score(self) -> float:
        """The mean of the fold scores."""
        return float(np.mean(self.cv_scores))

    @property
    def onnx_digest(self) -> str:
        """The same for the same graph: what two equal trainings must agree in."""
        return "sha256:" + hashlib.sha256(self.onnx).hexdigest()
