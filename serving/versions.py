"""Brings a bundle into a server's home, whole or not at all, and clears out old ones."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from base64 import b64encode
from pathlib import Path

from serving.bundle import FILES, ONNX, SCHEMA, digest, read_manifest, write_bundle
from serving.errors import DeployError, ModelError
from serving.spec import ServiceSpec
from serving.state import give

KEPT = 5
SECONDS = 60.0
# Below it an MLflow server hands out the artifacts that it keeps for its clients.
MLFLOW_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"


def place(home: Path, spec: ServiceSpec) -> str:
    """Copy a spec's bundle into the home and return its directory's name.

    Raises:
        ModelError: The bundle cannot be read, or is not the one that the spec's digest names.
        DeployError: There is no room for it.
    """
    versions = home / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    # The digest keeps two models apart that were registered under the same version.
    version = re.sub(r"[^A-Za-z0-9._-]", "_", spec.version)
    target = versions / f"{version}-{spec.digest.removeprefix('sha256:')[:12]}"
    onnx, schema = fetch(spec.model_uri)
    found = digest(onnx, schema)
    if found != spec.digest:
        message = f"The bundle at {spec.model_uri} has digest {found} where the registry has"
        raise ModelError(f"{message} {spec.digest}: it was changed or is another model.")
    staged = versions / f".placing-{secrets.token_hex(8)}"
    try:
        staged.mkdir(mode=0o700)
        write_bundle(staged, onnx, schema, name=spec.name, version=spec.version)
        give(home, staged)
        shutil.rmtree(target, ignore_errors=True)
        staged.replace(target)
    except OSError as error:
        reason = error.strerror or error
        raise DeployError(f"The model cannot be written to {target}: {reason}.") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return target.name


def fetch(uri: str) -> tuple[bytes, bytes]:
    """The bytes of the model and of the schema of a bundle at a local path or an fsspec URI."""
    try:
        if "://" in uri and not uri.startswith("file://"):
            return _fetch_remote(uri)
        path = Path(uri.removeprefix("file://"))
        read_manifest(path)
        return (path / ONNX).read_bytes(), (path / SCHEMA).read_bytes()
    except OSError as error:
        raise ModelError(f"The bundle at {uri} cannot be read: {error}") from error


def prune(home: Path, *used: str) -> None:
    """Remove all but the newest bundles, and none that is served or tried, however old it looks."""
    bundles = [path for path in (home / "versions").iterdir() if path.name not in used]
    bundles.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in bundles[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def _fetch_remote(uri: str) -> tuple[bytes, bytes]:
    if uri.startswith(("http://", "https://")):
        onnx, schema, _ = (_download(f"{uri.rstrip('/')}/{name}") for name in FILES)
        return onnx, schema
    # The server itself never fetches: only a deployment to a remote bundle needs this package.
    import fsspec

    filesystem, path = fsspec.core.url_to_fs(uri)
    onnx, schema, _ = (filesystem.cat_file(f"{path.rstrip('/')}/{name}") for name in FILES)
    return onnx, schema


def _download(url: str) -> bytes:
    from urllib.request import Request, urlopen

    asked = Request(url)  # noqa: S310  (the caller has looked at the scheme)
    if MLFLOW_ARTIFACTS in url and (said := _authorisation()):
        # A redirect may lead to a store that has no business with MLflow's password.
        asked.add_unredirected_header("Authorization", said)
    with urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content


def _authorisation() -> str | None:
    """How MLflow's own clients show who they are, by the same variables."""
    if token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
        return f"Bearer {token}"
    name, word = (os.environ.get(f"MLFLOW_TRACKING_{key}") for key in ("USERNAME", "PASSWORD"))
    return f"Basic {b64encode(f'{name}:{word}'.encode()).decode()}" if name and word else None
