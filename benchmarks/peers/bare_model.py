"""The estimator of a registered model alone, as MLflow's own examples log one.

It takes the encoded numbers: what a row's names and categories have to do with them is left to
the client. That spares `mlflow models serve` the table's encoding, and is the best case for it.
"""

from __future__ import annotations

import sys

import mlflow.sklearn
import numpy as np
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec


def main(uri: str, width: int, folder: str) -> None:
    """Take the estimator out of a registered pipeline and save it."""
    pipeline = mlflow.sklearn.load_model(uri)
    spec = TensorSpec(np.dtype("float32"), (-1, width))
    mlflow.sklearn.save_model(
        pipeline["model"],
        folder,
        signature=ModelSignature(inputs=Schema([spec])),
        serialization_format="cloudpickle",
        pyfunc_predict_fn="predict_proba",
        pip_requirements=["mlflow", "scikit-learn"],
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
