"""The class by which the Seldon microservice serves an estimator, as its own server does."""

from __future__ import annotations

from typing import Any

import numpy as np
from linear import estimator  # type: ignore[import-not-found]


class Sklearn:
    """One estimator."""

    def __init__(self) -> None:
        self.model = estimator()

    def predict(self, X: Any, names: Any, meta: Any = None) -> Any:  # noqa: ARG002
        """The probability of each class."""
        return self.model.predict_proba(np.asarray(X))
