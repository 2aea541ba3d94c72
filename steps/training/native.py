"""The native model as MLflow stores it: with an environment and a signature of its own."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from serving.encoding import json_value
from serving.schema import Column, TableSchema
from steps.data.encoding import encode_frame
from steps.training.candidate import Candidate
from steps.training.export import INPUT, OUTPUT
from steps.training.skops_format import skops_io
from steps.training.storage import TRUSTED

TYPES = {
    "float64": "double",
    "int64": "long",
    "str": "string",
    "bool": "boolean",
    "datetime64": "datetime",
}


def log_native(candidate: Candidate, examples: pd.DataFrame, name: str = "model") -> Any:
    """Log a candidate in the active MLflow run, in the flavor of its kind, and return ModelInfo.

    A scikit-learn model is logged with its encoding and reads the table's rows. A network and a
    blend read the encoded matrix: the one as a torch program, the other as its ONNX graph.

    Args:
        examples: A few rows of the table; other columns than the model's are left aside.
    """
    rows = examples[list(candidate.schema.names)]
    native = candidate.native_model()
    if isinstance(native, BaseEstimator):
        return _log_sklearn(native, candidate.schema, rows, name)
    matrix = encode_frame(rows, candidate.schema)
    if native is None:
        return _log_onnx(candidate, matrix, name)
    return _log_torch(native, candidate.schema, matrix, name)


def native_pipeline(estimator: BaseEstimator, schema: TableSchema) -> Pipeline:
    """A fitted model on the encoded matrix as one that reads the table's rows.

    Nothing is learnt here: the encoding is the schema's. It is fitted on a row of nothing, in the
    types that let scikit-learn compare whole numbers and truth values with their categories.
    """
    # A truth value's type is set on a single column, which a name outside a list stands for.
    branches = [
        (c.name, _encoder(c, schema), c.name if c.dtype == "bool" else [c.name])
        for c in schema.columns
    ]
    encoding = ColumnTransformer(branches, sparse_threshold=0.0)
    blank = {c.name: pd.Series([None], dtype=_blank_type(c)) for c in schema.columns}
    return Pipeline([("encode", encoding.fit(pd.DataFrame(blank))), ("model", estimator)])


def _encoder(column: Column, schema: TableSchema) -> BaseEstimator:
    """One column's encoding, made of scikit-learn and pandas alone so that it loads anywhere."""
    if column.dtype == "bool":
        # A missing truth value comes as None, NA or NaN; in this type it is one thing.
        one_type = FunctionTransformer(pd.Series, kw_args={"dtype": "boolean"})
        table = FunctionTransformer(pd.DataFrame)
        codes = _codes(column, schema)
        return Pipeline([("type", one_type), ("table", table), ("codes", codes)])
    if column.kind == "categorical":
        return _codes(column, schema)
    to_float = FunctionTransformer(np.positive, kw_args={"dtype": "float32"})
    if column.kind == "numeric":
        return to_float
    since = FunctionTransformer(pd.DataFrame.sub, kw_args={"other": pd.Timestamp(column.origin)})
    days = FunctionTransformer(pd.DataFrame.div, kw_args={"other": pd.Timedelta(days=1)})
    return Pipeline([("since", since), ("days", days), ("float", to_float)])


def _codes(column: Column, schema: TableSchema) -> OrdinalEncoder:
    """Codes as in the encoded matrix: categories, then one for unseen and one for missing."""
    refuse = schema.unseen == "refuse"
    known = [json_value(column, text) for text in column.categories]
    kind: Any = object if column.dtype == "str" else np.float64
    return OrdinalEncoder(
        categories=[np.array([*known, np.nan], dtype=kind)],
        handle_unknown="error" if refuse else "use_encoded_value",
        unknown_value=None if refuse else len(known),
        encoded_missing_value=len(known) + 1,
        dtype=np.float32,
    )


def _blank_type(column: Column) -> str:
    return {"str": "object", "datetime64": "datetime64[us]"}.get(column.dtype, "float64")


def _log_sklearn(native: BaseEstimator, schema: TableSchema, rows: pd.DataFrame, name: str) -> Any:
    import mlflow.sklearn

    # MLflow would import it with torch.
    skops_io()
    pipeline = native_pipeline(native, schema)
    # Skops loads no code, but has no place for the methods that turn times into numbers.
    times = any(column.kind == "datetime" for column in schema.columns)
    form = "cloudpickle" if times else "skops"
    regression = schema.task == "regression"
    return mlflow.sklearn.log_model(
        pipeline,
        name=name,
        serialization_format=form,
        skops_trusted_types=None if times else list(TRUSTED),
        pyfunc_predict_fn="predict" if regression else "predict_proba",
        signature=_row_signature(schema, rows),
        input_example=rows,
        pip_requirements=_pins("scikit-learn", "pandas", "numpy", form),
    )


def _log_torch(native: object, schema: TableSchema, matrix: Any, name: str) -> Any:
    import mlflow.pytorch

    with warnings.catch_warnings():
        # Torch's exporter warns of its own internals.
        warnings.filterwarnings("ignore", category=FutureWarning, message=".*LeafSpec")
        return mlflow.pytorch.log_model(
            native,
            name=name,
            serialization_format="pt2",
            signature=_matrix_signature(schema, named=False),
            input_example=matrix,
            pip_requirements=_pins("torch", "numpy"),
        )


def _log_onnx(candidate: Candidate, matrix: Any, name: str) -> Any:
    import mlflow.onnx
    import onnx

    return mlflow.onnx.log_model(
        onnx.load_from_string(candidate.onnx),
        name=name,
        save_as_external_data=False,
        onnx_execution_providers=["CPUExecutionProvider"],
        signature=_matrix_signature(candidate.schema, named=True),
        input_example={INPUT: matrix},
        pip_requirements=_pins("onnx", "onnxruntime", "numpy"),
    )


def _row_signature(schema: TableSchema, rows: pd.DataFrame) -> Any:
    """The table's columns by name and type; a column with gaps in whole numbers holds floats."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    def kind(column: Column) -> Any:
        if column.dtype == "bool" and column.missing_share > 0:
            return AnyType()  # MLflow's own truth values cannot be missing.
        return "double" if rows[column.name].dtype == "float64" else TYPES[column.dtype]

    inputs = Schema([ColSpec(kind(column), column.name) for column in schema.columns])
    return ModelSignature(inputs=inputs, outputs=_output(schema, named=False))


def _matrix_signature(schema: TableSchema, *, named: bool) -> Any:
    """The encoded matrix."""
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    shape = (-1, len(schema.columns))
    spec = TensorSpec(np.dtype("float32"), shape, INPUT if named else None)
    return ModelSignature(inputs=Schema([spec]), outputs=_output(schema, named=named))


def _output(schema: TableSchema, *, named: bool) -> Any:
    from mlflow.types import Schema, TensorSpec

    kind = np.dtype("float32")
    return Schema([TensorSpec(kind, (-1, schema.width), OUTPUT if named else None)])


def _pins(*packages: str) -> list[str]:
    """The versions that the model was trained with; MLflow would take seconds to find them."""
    return [f"{package}=={version(package)}" for package in ("mlflow", *packages)]
