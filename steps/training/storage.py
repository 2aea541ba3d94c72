"""A candidate as files: none runs code when it is read, and equal candidates give equal content."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schema import TableSchema
from steps.training.candidate import Candidate, Trial, Unread
from steps.training.skops_format import skops_io

ONNX, SCHEMA, META, OOF, FOLDS = "model.onnx", "schema.json", "meta.json", "oof.npy", "folds.npy"
SKLEARN, TORCH, SHAPE = "native.skops", "native.pt", "network.json"
PLAIN = ("name", "kind", "parameters", "metric", "cv_scores", "difference", "note")

# What skops would otherwise refuse to load: the trees inside scikit-learn's own models, and the
# types that `native.native_pipeline` converts with.
TRUSTED = (
    "numpy.dtype",
    "pandas.DataFrame",
    "pandas.Series",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)


def to_files(candidate: Candidate) -> dict[str, bytes]:
    """The content of each file of a candidate."""
    meta = _meta(candidate) | {"seconds": candidate.seconds}
    return _content(candidate) | {META: _json(meta)} | _native_files(candidate.native_model())


def from_files(read: Callable[[str], bytes | None]) -> Candidate:
    """The candidate of those files.

    Args:
        read: Gives the content of a file by its name; None where there is none.
    """

    def need(name: str) -> bytes:
        content = read(name)
        if content is None:
            raise FileNotFoundError(f"The candidate's '{name}' is missing.")
        return content

    meta = json.loads(need(META))
    trials = tuple(
        Trial(one["parameters"], one["score"], tuple(one["fold_scores"]))
        for one in meta.pop("trials")
    )
    return Candidate(
        **meta | {"cv_scores": tuple(meta["cv_scores"])},
        trials=trials,
        native=Unread(lambda: _native(read)),
        onnx=need(ONNX),
        schema=TableSchema.from_json(need(SCHEMA)),
        oof=_array(need(OOF)),
        folds=_array(need(FOLDS)),
    )


def content_hash(candidate: Candidate) -> str:
    """Equal for equal models with equal results, however long each took to make."""
    digest = hashlib.sha256()
    for name, content in (_content(candidate) | {META: _json(_meta(candidate))}).items():
        digest.update(f"{name}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()


def _content(candidate: Candidate) -> dict[str, bytes]:
    return {
        ONNX: candidate.onnx,
        SCHEMA: candidate.schema.to_json(),
        OOF: _npy(candidate.oof),
        FOLDS: _npy(candidate.folds),
    }


def _meta(candidate: Candidate) -> dict[str, Any]:
    trials = [asdict(trial) for trial in candidate.trials]
    return {name: getattr(candidate, name) for name in PLAIN} | {"trials": trials}


def _native_files(native: Any) -> dict[str, bytes]:
    """The native model: its structure and numbers, never a pickled object."""
    from sklearn.base import BaseEstimator

    if native is None:
        return {}
    if isinstance(native, BaseEstimator):
        return {SKLEARN: skops_io().dumps(native, compression=zipfile.ZIP_DEFLATED)}
    import torch

    stream = io.BytesIO()
    torch.save(native.state_dict(), stream)
    return {TORCH: stream.getvalue(), SHAPE: _json(native.shape)}


def _native(read: Callable[[str], bytes | None]) -> object | None:
    """The native model, or None for a blend, which has none."""
    estimator, weights, shape = read(SKLEARN), read(TORCH), read(SHAPE)
    if estimator is not None:
        return skops_io().loads(estimator, trusted=list(TRUSTED))  # type: ignore[no-any-return]
    if weights is None or shape is None:
        return None
    import torch

    from steps.training.tabular import restore

    state = torch.load(io.BytesIO(weights), weights_only=True, map_location="cpu")
    return restore(json.loads(shape), state)


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode()


def _npy(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _array(content: bytes) -> NDArray[Any]:
    array: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    return array
