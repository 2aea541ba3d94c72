"""The estimator as MLflow's own examples log one, so that it answers probabilities."""

from __future__ import annotations

import sys

import mlflow.sklearn
import numpy as np
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

from benchmarks.peers.linear import estimator


def main(path: str, folder: str) -> None:
    """Save it."""
    model = estimator(path)
    spec = TensorSpec(np.dtype("float64"), (-1, model.n_features_in_))
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=ModelSignature(inputs=Schema([spec])),
        serialization_format="cloudpickle",
        pyfunc_predict_fn="predict_proba",
        pip_requirements=["mlflow", "scikit-learn"],
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
