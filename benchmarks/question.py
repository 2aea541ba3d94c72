"""The model that all servers share, and what each protocol asks of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.linear import estimator
from serving.bundle import write_bundle
from serving.openapi import seldon_body, v2_body
from serving.schema import Column, TableSchema
from serving.spec import ServiceSpec

Rows = NDArray[np.float64]
NAME = "tumours"


@dataclass(frozen=True, slots=True)
class Question:
    """Rows, the model that is asked about them, and its probabilities.

    Args:
        numbers: The file from which any environment rebuilds the model.
    """

    schema: TableSchema
    rows: Rows
    scores: Rows
    numbers: Path
    spec: ServiceSpec

    def v2(self, count: int) -> Any:
        """Open Inference Protocol, a tensor a named column."""
        return v2_body(self.schema, self._named(count))

    def seldon(self, count: int) -> Any:
        """Seldon v1, with names."""
        return seldon_body(self.schema, self._named(count))

    def matrix(self, count: int) -> list[list[float]]:
        """The bare numbers."""
        numbers: list[list[float]] = self._taken(count).tolist()
        return numbers

    def tensor(self, count: int) -> Any:
        """Open Inference Protocol, one tensor without names."""
        rows = self._taken(count)
        data = {"name": "rows", "datatype": "FP64", "shape": list(rows.shape)}
        outputs = [{"name": "predict_proba"}]
        return {"inputs": [{**data, "data": rows.ravel().tolist()}], "outputs": outputs}

    def expected(self, count: int) -> Rows:
        """What every server must answer."""
        return self.scores[np.arange(count) % len(self.rows)]

    def _taken(self, count: int) -> Rows:
        return self.rows[np.arange(count) % len(self.rows)]

    def _named(self, count: int) -> list[dict[str, object]]:
        return [dict(zip(self.schema.names, row, strict=True)) for row in self.matrix(count)]


def prepare(folder: Path) -> Question:
    """Fit the model once, and write it as numbers and as a bundle."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    from steps.training.export import to_onnx

    data = load_breast_cancer()
    scaler = StandardScaler().fit(data.data)
    fitted = LogisticRegression(max_iter=1000).fit(scaler.transform(data.data), data.target)
    coef = fitted.coef_ / scaler.scale_
    intercept = fitted.intercept_ - coef @ scaler.mean_
    path = folder / "linear.json"
    path.write_text(json.dumps({"coef": coef.tolist(), "intercept": intercept.tolist()}))
    model, schema = estimator(str(path)), _schema(data)
    bundle = folder / "bundle"
    made = write_bundle(bundle, to_onnx(model, schema, NAME), schema, name=NAME, version="1")
    spec = ServiceSpec(NAME, "1", str(bundle), made.digest)
    return Question(schema, data.data, model.predict_proba(data.data), path, spec)


def _schema(data: Any) -> TableSchema:
    columns = tuple(
        Column(str(name), "numeric", "float64", 0.0, float(values.min()), float(values.max()))
        for name, values in zip(data.feature_names, data.data.T, strict=True)
    )
    return TableSchema("binary", "benign", columns, ("0", "1"))
