"""Models fitted on the encoded matrix, and the scores they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Binarizer, OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from serving.errors import ConfigError, near_miss
from serving.schema import TableSchema
from steps.training.candidate import Rows, Scores, Target
from steps.training.settings import CandidateKind, NetworkParameters

# Far below any value that a float32 column holds, to tell a missing value from a present one.
ABSENT = -3e38

# Rows that boosted trees score at once.
PART = 1 << 16

# Matrices of fewer values are boosted in one thread.
SHARED = 5_000_000

Build = Callable[[TableSchema, dict[str, Any], int], BaseEstimator]


def fit(
    kind: CandidateKind,
    parameters: Mapping[str, Any],
    matrix: Rows,
    target: Target,
    schema: TableSchema,
    seed: int,
    checkpoints: Path | None = None,
) -> Any:
    """Fit one model: a scikit-learn estimator or, for a network, a torch module.

    Args:
        checkpoints: A directory in which an interrupted fit of a network is resumed.
    """
    if kind == "network":
        from steps.training import network  # Torch takes more than a second to import.

        settings = network_parameters(parameters)
        return network.fit(matrix, target, schema, settings, seed, checkpoints)
    estimator = build(kind, parameters, schema, seed)
    try:
        with _threads(matrix):
            estimator.fit(matrix, target)
    except ValueError as error:
        if isinstance(error, TypeError):  # Only a parameter that scikit-learn refuses is both.
            raise ConfigError(str(error)) from error
        raise
    return _single_threaded(_rounded_down(estimator))


def network_parameters(parameters: Mapping[str, Any]) -> NetworkParameters:
    """A network's parameters, or a ConfigError that names the wrong one."""
    known = NetworkParameters.model_fields
    for name in parameters:
        if name not in known:
            raise ConfigError(f"A network has no parameter '{name}'. {near_miss(name, known)}")
    try:
        return NetworkParameters.model_validate(dict(parameters))
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ConfigError(f"Network parameter '{wrong['loc'][0]}': {wrong['msg']}.") from error


def build(
    kind: CandidateKind, parameters: Mapping[str, Any], schema: TableSchema, seed: int
) -> BaseEstimator:
    """An unfitted scikit-learn estimator of that kind on the schema's encoded matrix."""
    return BUILDERS[kind](schema, dict(parameters), seed)


def score(native: Any, matrix: Rows, schema: TableSchema) -> Scores:
    """The scores [rows, classes] of a fitted model, in the order of the schema's classes."""
    if not isinstance(native, BaseEstimator):
        return np.asarray(native.score(matrix), dtype=np.float32)
    # Boosted trees copy what they score into 64 bits, and score each row by itself.
    boosted = isinstance(native, HistGradientBoostingClassifier | HistGradientBoostingRegressor)
    size = PART if boosted else max(len(matrix), 1)
    scores = np.zeros((len(matrix), schema.width), dtype=np.float32)
    with _threads(matrix):
        for first in range(0, len(matrix), size):
            part = slice(first, first + size)
            if schema.task == "regression":
                scores[part, 0] = native.predict(matrix[part])
            else:
                # A fold may lack a rare class; the model then gives it no column.
                scores[part, native.classes_] = native.predict_proba(matrix[part])
    return scores


def spans(schema: TableSchema) -> tuple[list[int], list[int]]:
    """The places of the value columns and of the category codes in the encoded matrix."""
    categorical = [i for i, column in enumerate(schema.columns) if column.kind == "categorical"]
    return [i for i in range(len(schema.columns)) if i not in categorical], categorical


def threaded(kind: CandidateKind, matrix: Rows) -> bool:
    """Whether one fit takes all processors by itself."""
    return kind in ("forest", "extra_trees") or (kind == "boosting" and matrix.size >= SHARED)


@contextmanager
def _threads(matrix: Rows) -> Iterator[None]:
    """Keep BLAS to one thread, and OpenMP too where the rows are few.

    The order of a threaded BLAS sum is the machine's: in one thread the model is the data's alone.
    OpenMP's threads wait by spinning, which on a shared core costs far more than few rows gain;
    boosting gives the same bits with any number of them.
    """
    openmp = 1 if matrix.size < SHARED else None
    with threadpool_limits(1, user_api="blas"), threadpool_limits(openmp, user_api="openmp"):
        yield


def _linear(schema: TableSchema, parameters: dict[str, Any], seed: int) -> BaseEstimator:
    """A regularised linear model on standardised values and one column for each category."""
    if schema.task == "regression":
        if "C" in parameters:
            parameters["alpha"] = 1.0 / parameters.pop("C")
        model = _with(Ridge(random_state=seed), parameters)
    else:
        model = _with(LogisticRegression(max_iter=500, random_state=seed), parameters)
    values, codes = spans(schema)
    sizes = [len(schema.columns[i].categories) + 2 for i in codes]
    known = [np.arange(size, dtype=np.float32) for size in sizes]
    scaled = Pipeline([("impute", _imputer()), ("scale", StandardScaler())])
    branches = [("values", scaled, values), *_presence(schema)]
    one_hot = OneHotEncoder(categories=known, handle_unknown="ignore")
    return _pipeline([*branches, ("codes", one_hot, codes)], model)


def _trees(classifier: type[BaseEstimator], regressor: type[BaseEstimator]) -> Build:
    """A forest on imputed values and plain codes; trees need no scale.

    Bounded trees keep the graph at some megabytes and an answer at some microseconds. Missing
    values are always imputed: converted with its own support for them, a forest answers wrongly.
    """

    def build(schema: TableSchema, parameters: dict[str, Any], seed: int) -> BaseEstimator:
        defaults: dict[str, Any] = {"n_estimators": 100, "max_leaf_nodes": 512, "n_jobs": -1}
        kind = regressor if schema.task == "regression" else classifier
        model = _with(kind(random_state=seed, **defaults), parameters)
        values, codes = spans(schema)
        branches = [("values", _imputer(), values), *_presence(schema)]
        return _pipeline([*branches, ("codes", "passthrough", codes)], model)

    return build


def _boosting(schema: TableSchema, parameters: dict[str, Any], seed: int) -> BaseEstimator:
    """Gradient-boosted trees on histograms, which take missing values as they are."""
    regression = schema.task == "regression"
    kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    # Its own early stopping fails on a class of one row.
    return _with(kind(random_state=seed, early_stopping=False), parameters)


BUILDERS: dict[CandidateKind, Build] = {
    "linear": _linear,
    "forest": _trees(RandomForestClassifier, RandomForestRegressor),
    "extra_trees": _trees(ExtraTreesClassifier, ExtraTreesRegressor),
    "boosting": _boosting,
}


def _imputer() -> SimpleImputer:
    """The median for a missing value, zero in a fold that holds no value at all."""
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _presence(schema: TableSchema) -> list[tuple[str, object, list[int]]]:
    """One column of 0 and 1 for each value column that may be missing.

    SimpleImputer's own indicator is not converted to ONNX; this pair of transformers is.
    """
    places = [i for i in spans(schema)[0] if schema.columns[i].missing_share > 0]
    marked = SimpleImputer(strategy="constant", fill_value=ABSENT, keep_empty_features=True)
    told = Pipeline([("mark", marked), ("tell", Binarizer(threshold=-1e38))])
    return [("presence", told, places)]


def _pipeline(branches: list[tuple[str, object, list[int]]], model: BaseEstimator) -> Pipeline:
    """The branches that have columns, side by side before the model."""
    used = [branch for branch in branches if branch[2]]
    # A sparse result would be refused by some models and is not what ONNX computes.
    columns = ColumnTransformer(used, sparse_threshold=0.0)
    return Pipeline([("columns", columns), ("model", model)])


def _with(model: BaseEstimator, parameters: Mapping[str, Any]) -> BaseEstimator:
    """Set an estimator's parameters, or tell which one it does not have."""
    known = model.get_params()
    for name in parameters:
        if name not in known:
            kind = type(model).__name__
            raise ConfigError(f"{kind} has no parameter '{name}'. {near_miss(name, known)}")
    return model.set_params(**parameters)


def _single_threaded(estimator: BaseEstimator) -> BaseEstimator:
    """Let a forest predict in one thread: threads add its trees up in any order."""
    names = [name for name in estimator.get_params() if name.endswith("n_jobs")]
    return estimator.set_params(**dict.fromkeys(names))


def _rounded_down(estimator: BaseEstimator) -> BaseEstimator:
    """Let a boosted tree split at numbers that 32 bits hold, as its graph does.

    A split at the middle between two values may lie on a third one that the fit did not see. The
    next lower number of 32 bits parts all values of 32 bits alike, and is not rounded again.
    """
    for trees in getattr(estimator, "_predictors", ()):
        for tree in trees:
            exact = tree.nodes["num_threshold"]
            near = exact.astype(np.float32)
            lower = np.nextafter(near, np.float32(-np.inf))
            tree.nodes["num_threshold"] = np.where(near > exact, lower, near)
    return estimator
