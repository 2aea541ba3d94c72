"""A bundle is a directory that holds a model: its ONNX file, its schema and a manifest."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from serving.errors import ModelError
from serving.schema import TableSchema

ONNX, SCHEMA, MANIFEST = "model.onnx", "schema.json", "manifest.json"
FILES = (ONNX, SCHEMA, MANIFEST)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself.

    Args:
        version: The registered version; empty before registration.
        digest: The digest of the model and its schema.
        created: When the bundle was written, ISO 8601 in UTC.
    """

    name: str
    version: str
    digest: str
    created: str


def digest(onnx: bytes, schema: bytes) -> str:
    """The identity of a model: the same two files give the same digest on every machine."""
    total = hashlib.sha256()
    for part in (onnx, schema):
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return f"sha256:{total.hexdigest()}"


def write_bundle(
    path: Path, onnx: bytes, schema: TableSchema | bytes, *, name: str, version: str = ""
) -> Manifest:
    """Write a bundle's three files into a directory, which is made where it is absent."""
    text = schema if isinstance(schema, bytes) else schema.to_json()
    created = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(name=name, version=version, digest=digest(onnx, text), created=created)
    path.mkdir(parents=True, exist_ok=True)
    (path / ONNX).write_bytes(onnx)
    (path / SCHEMA).write_bytes(text)
    (path / MANIFEST).write_bytes(orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
    return manifest


def read_manifest(path: Path) -> Manifest:
    """The manifest of a bundle, or a ModelError that says what is wrong with it."""
    try:
        return Manifest(**orjson.loads((path / MANIFEST).read_bytes()))
    except OSError as error:
        raise ModelError(f"{path} is no model bundle: {MANIFEST} is missing.") from error
    except (orjson.JSONDecodeError, TypeError) as error:
        raise ModelError(f"{path / MANIFEST} does not hold a manifest: {error}") from error
