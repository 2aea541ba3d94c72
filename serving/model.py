"""An ONNX model with its schema, loaded and ready to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import orjson
from numpy.typing import NDArray

from serving.bundle import ONNX, SCHEMA, Manifest, digest, read_manifest, write_bundle
from serving.encoding import Encoder, infinite_count
from serving.errors import ModelError, RequestError
from serving.refusals import Values
from serving.schema import TableSchema

__all__ = ["Manifest", "Model", "Prediction", "digest", "write_bundle"]


@dataclass(slots=True)
class Prediction:
    """What a model answers.

    Args:
        labels: One a row: the class of the highest score, or the predicted number.
        scores: [rows, classes], or [rows, 1] in a regression.
    """

    labels: list[object]
    scores: NDArray[np.float32]


# Inside `Model.load` the name stands for the digest that the caller expects.
identify = digest


class Model:
    """An ONNX model with its schema, ready to answer."""

    def __init__(self, session: onnxruntime.InferenceSession, encoder: Encoder, manifest: Manifest):
        self._session = session
        self._options = onnxruntime.RunOptions()
        self._encoder = encoder
        self.manifest = manifest
        self.schema = encoder.schema
        self.sensitive = self.schema.sensitive

    @property
    def name(self) -> str:
        """The registered name."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """The registered version."""
        return self.manifest.version

    @property
    def digest(self) -> str:
        """The digest of the model and its schema."""
        return self.manifest.digest

    @classmethod
    def load(cls, path: Path, *, digest: str | None = None) -> Model:
        """Load a bundle whose files are the ones that its manifest, and the caller, expect."""
        manifest = read_manifest(path)
        try:
            onnx, schema = (path / ONNX).read_bytes(), (path / SCHEMA).read_bytes()
        except OSError as error:
            raise ModelError(f"The bundle {path} is not whole: {error}") from error
        found = identify(onnx, schema)
        for expected in (manifest.digest, digest or manifest.digest):
            if found != expected:
                raise ModelError(_changed(path, found, expected))
        return cls.from_bytes(onnx, schema, name=manifest.name, version=manifest.version)

    @classmethod
    def from_bytes(cls, onnx: bytes, schema: bytes, name: str = "", version: str = "") -> Model:
        """Load a model from the bytes of a bundle's files."""
        try:
            table = TableSchema.from_json(schema)
            encoder = Encoder(table)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, IndexError) as error:
            raise ModelError(f"The model's schema cannot be read: {error!r}") from error
        if not table.columns:
            raise ModelError("The model's schema has no columns.")
        session = _session(onnx)
        _check_signature(session, table)
        model = cls(session, encoder, Manifest(name, version, identify(onnx, schema), ""))
        model.warm()
        return model

    def warm(self) -> None:
        """Answer once, so that a model which cannot is refused before it takes traffic."""
        try:
            scores = self.score(np.zeros((2, len(self.schema.columns)), dtype=np.float32))
        except Exception as error:  # onnxruntime's errors have no base of their own.
            raise ModelError(f"The model does not answer: {error}") from error
        if scores.shape != (2, self.schema.width):
            found, wanted = scores.shape[1:], self.schema.width
            raise ModelError(f"The model gives {found} scores a row where its schema has {wanted}.")
        if self.schema.examples:
            self._answer_examples()

    def encode(self, columns: Mapping[str, Values]) -> NDArray[np.float32]:
        """Encode named columns as `encoding.encode` does."""
        return self._encoder.encode(columns)

    def score(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score encoded rows; each row's scores are the same alone and among others."""
        # Matrix kernels add up a single row in another order than one of many, so that the last
        # bit differs: a single row is scored as two.
        pair = rows.repeat(2, axis=0) if len(rows) == 1 else rows
        return self._run(pair)[: len(rows)]

    def predict(self, columns: Mapping[str, Values]) -> Prediction:
        """Check, encode and score named columns."""
        pair = self._encoder.encode_pair(columns)
        scores = self.score(self.encode(columns)) if pair is None else self._run(pair)[:1]
        if infinite_count(scores):
            row = int(np.flatnonzero(~np.isfinite(scores).all(axis=1))[0])
            message = f"The model has no finite answer to row {row}: its values lie too far out."
            raise RequestError(message, status=422)
        return Prediction(self.labels(scores), scores)

    def labels(self, scores: NDArray[np.float32]) -> list[object]:
        """The class of each row's highest score, or a regression's numbers."""
        classes = self.schema.classes
        if not classes:
            return list(scores[:, 0].tolist())
        if len(scores) == 1:
            row = scores[0].tolist()
            return [classes[row.index(max(row))]]
        return [classes[code] for code in scores.argmax(axis=1).tolist()]

    def _run(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        # Without these, each run makes and drops options of its own.
        scores: NDArray[np.float32] = self._session.run(["scores"], {"rows": rows}, self._options)[
            0
        ]
        return scores

    def _answer_examples(self) -> None:
        examples = self.schema.examples
        columns = {name: [row.get(name) for row in examples] for name in self.schema.names}
        try:
            self.predict(columns)
        except RequestError as error:
            raise ModelError(f"The model does not answer its own example rows: {error}") from error


def _session(onnx: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # Sums that several threads share come out in another order on each run.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # The arena keeps the memory of the largest batch for good, and saves no time.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no base of their own.
        raise ModelError(f"The model does not load: {error}") from error


def _check_signature(session: onnxruntime.InferenceSession, schema: TableSchema) -> None:
    inputs = [(node.name, node.type) for node in session.get_inputs()]
    outputs = [(node.name, node.type) for node in session.get_outputs()]
    if inputs != [("rows", "tensor(float)")] or outputs != [("scores", "tensor(float)")]:
        message = f"The model maps {inputs} to {outputs}; it must map float 'rows' to 'scores'."
        raise ModelError(message)
    width = session.get_inputs()[0].shape[-1]
    if isinstance(width, int) and width != len(schema.columns):
        message = f"The model reads {width} columns and its schema has {len(schema.columns)}."
        raise ModelError(message)


def _changed(path: Path, found: str, expected: str) -> str:
    return f"The bundle {path} was changed: its digest is {found} where {expected} was expected."
