"""The service by which BentoML serves an estimator."""

import bentoml  # type: ignore[import-not-found]
import numpy as np
from linear import estimator  # type: ignore[import-not-found]


@bentoml.service(workers=1)
class Linear:
    """One estimator."""

    def __init__(self) -> None:
        self.model = estimator()

    @bentoml.api
    def predict(self, rows: np.ndarray) -> np.ndarray:
        """The probability of each class."""
        scores: np.ndarray = self.model.predict_proba(rows)
        return scores
