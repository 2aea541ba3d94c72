"""Builds the image of serving/Dockerfile where the engine does not have it yet."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from serving.errors import DeployError

if TYPE_CHECKING:
    from docker import DockerClient

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = "switchyard-serving"
BASE = "python:3.11-slim"
# The stores whose driver an image can have, by the beginning of their URIs.
REMOTE = ("s3",)
# Settings of pip that hold inside a container too, and variables that name certificates.
SETTINGS = (
    "index-url",
    "extra-index-url",
    "trusted-host",
    "find-links",
    "no-index",
    "default-timeout",
)
CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def ensure_image(client: DockerClient, base: str, remote: str = "") -> str:
    """The name of the image over a base image, built now where nothing that goes into it is new.

    Args:
        remote: `s3` where the container fetches its bundle from such a store by itself.

    Raises:
        DeployError: The build failed.
    """
    files = dict(sources())
    name = f"{REPOSITORY}:{fingerprint(files, base, remote)}"
    if not client.images.list(name=name):
        arguments = {"BASE_IMAGE": base, "REMOTE": remote}
        build(client, name, context({**files, **index(os.environ)}), arguments)
    return name


def sources() -> Iterator[tuple[str, bytes]]:
    """What goes into the image, by the path that the Dockerfile knows it by."""
    for path in sorted((ROOT / "serving").rglob("*")):
        if path.is_file() and path.suffix not in (".in", ".pyc", ".dockerignore"):
            yield path.relative_to(ROOT).as_posix(), path.read_bytes()


def fingerprint(files: Mapping[str, bytes], base: str, remote: str) -> str:
    """The same for what gives the same image."""
    total = hashlib.sha256(f"{base}\n{remote}\n".encode())
    for name, content in sorted(files.items()):
        total.update(f"{name}\n{len(content)}\n".encode() + content)
    return total.hexdigest()[:16]


def index(environment: Mapping[str, str]) -> dict[str, bytes]:
    """This machine's own settings for its package index, which only the build's first stage sees.

    What names a place of this machine's file system is left out: the container has none of it.
    """
    found = {}
    for line in _pip_settings():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        words = [word for word in value.strip("'\"").split() if not _is_local(word)]
        if name in SETTINGS and words:
            found[name] = " ".join(words)
    files = {}
    if certificates := next(filter(None, map(environment.get, CERTIFICATES)), None):
        files["index/ca.crt"] = Path(certificates).read_bytes()
        found["cert"] = "/build/ca.crt"
    lines = ["[global]", *(f"{name} = {value}" for name, value in found.items())]
    return {**files, "index/pip.conf": "\n".join([*lines, ""]).encode()}


def context(files: Mapping[str, bytes]) -> io.BytesIO:
    """The files as an archive in which only they decide what is cached."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    archive.seek(0)
    return archive


def build(
    client: DockerClient,
    name: str,
    archive: io.BytesIO,
    arguments: Mapping[str, str],
    dockerfile: str = "serving/Dockerfile",
) -> None:
    """Build an image whose first stage is labelled as `switchyard.stage` and not kept.

    Args:
        arguments: The build's own; this machine's proxies are added.

    Raises:
        DeployError: The build failed.
    """
    from docker.errors import APIError, BuildError

    proxies = {key: value for key in PROXIES if (value := os.environ.get(key))}
    # A label of its own: another build may stand in its first stage at this moment.
    stage = name.rpartition(":")[2]
    try:
        client.images.build(
            fileobj=archive,
            custom_context=True,
            dockerfile=dockerfile,
            tag=name,
            buildargs={**proxies, **arguments, "STAGE": stage},
            rm=True,
            forcerm=True,
        )
        # The first stage saw the settings of the package index, credentials among them.
        client.images.prune(filters={"dangling": True, "label": f"switchyard.stage={stage}"})
    except BuildError as error:
        output = "".join(str(line.get("stream", "")) for line in error.build_log)
        last = "\n".join(output.strip().splitlines()[-10:])
        raise DeployError(f"The image {name} cannot be built: {error.msg}\n{last}") from None
    except APIError as error:
        base = arguments["BASE_IMAGE"]
        raise DeployError(
            f"The image {name} cannot be built over {base}: {error.explanation}"
        ) from None


def _pip_settings() -> list[str]:
    """What pip was told by its files and its variables, the last of which holds."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    return listed.stdout.splitlines()


def _is_local(word: str) -> bool:
    return word.startswith(("file:", "/", "~", "."))
