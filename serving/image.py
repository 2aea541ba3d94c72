"""Builds the image of serving/Dockerfile where the engine does not have it yet."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from serving.errors import DeployError

if TYPE_CHECKING:
    from docker import DockerClient

# A file of a build: what it holds, or where it lies.
Content = bytes | Path
ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = "switchyard-serving"
# Seconds for which the engine may say nothing: it does so while it keeps a layer of gigabytes.
PATIENCE = 1800
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
    with alone(name):
        if not client.images.list(name=name):
            arguments = {"BASE_IMAGE": base, "REMOTE": remote}
            build(client, name, {**files, **index(os.environ)}, arguments)
    return name


@contextlib.contextmanager
def alone(name: str) -> Iterator[None]:
    """Let one process or thread of this user at a time look for an image and build it."""
    place = Path(tempfile.gettempdir()) / f"{name.replace(':', '-')}-{os.geteuid()}.lock"
    file = os.open(place, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


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


def index(environment: Mapping[str, str], packages: Collection[str] = ()) -> dict[str, Content]:
    """This machine's own settings for its package index, which only the build's first stage sees.

    What names a place of this machine's file system is left out, since the container has none of
    it: in place of a directory of wheels come those of its wheels that are asked for.

    Args:
        packages: With their versions, as requirements files pin them.
    """
    found: dict[str, str] = {}
    files: dict[str, Content] = {}
    for line in _pip_settings():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        words = value.strip("'\"").split()
        if name == "find-links":
            files |= {f"index/{path.name}": path for path in wheels(words, packages)}
        if name in SETTINGS and (told := [word for word in words if not _is_local(word)]):
            found[name] = " ".join(told)
    if files:
        found["find-links"] = f"/build {found.get('find-links', '')}".strip()
    if certificates := next(filter(None, map(environment.get, CERTIFICATES)), None):
        files["index/ca.crt"] = Path(certificates).read_bytes()
        found["cert"] = "/build/ca.crt"
    lines = ["[global]", *(f"{name} = {value}" for name, value in found.items())]
    return {**files, "index/pip.conf": "\n".join([*lines, ""]).encode()}


def wheels(places: Iterable[str], packages: Collection[str]) -> Iterator[Path]:
    """The wheels in directories of this machine that are of these packages and versions."""
    wanted = {_pin(*each.split("==")) for each in packages}
    for place in places:
        folder = Path(place.removeprefix("file://")).expanduser()
        for path in sorted(folder.glob("*.whl")) if _is_local(place) else ():
            name, version = path.name.split("-")[:2]
            # A build of its own, such as 2.13.0+cpu, is of the version 2.13.0.
            if _pin(name, version.partition("+")[0]) in wanted:
                yield path


@contextlib.contextmanager
def context(files: Mapping[str, Content]) -> Iterator[IO[bytes]]:
    """The files as an archive in which only they decide what is cached."""
    with tempfile.TemporaryFile() as archive:
        _archive(files, archive)
        archive.seek(0)
        yield archive


def _archive(files: Mapping[str, Content], archive: IO[bytes]) -> None:
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.mode = 0o644
            if isinstance(content, Path):
                entry.size = content.stat().st_size
                with content.open("rb") as stream:
                    tar.addfile(entry, stream)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))


def build(
    client: DockerClient,
    name: str,
    files: Mapping[str, Content],
    arguments: Mapping[str, str],
    dockerfile: str = "serving/Dockerfile",
) -> None:
    """Build an image whose first stage is labelled as `switchyard.stage`.

    The engine keeps that stage, so that a change of the code installs nothing anew, unless it saw
    a credential of the package index.

    Args:
        files: By the path that the Dockerfile knows each by.
        arguments: The build's own; this machine's proxies are added.

    Raises:
        DeployError: The build failed.
    """
    settings = files.get("index/pip.conf", b"")
    secret = isinstance(settings, bytes) and b"@" in settings
    # A label of its own: another build may stand in its first stage at this moment.
    stage = name.rpartition(":")[2] if secret else "built"
    proxies = {key: value for key in PROXIES if (value := os.environ.get(key))}
    with _told(name, arguments["BASE_IMAGE"]), _patient(client), context(files) as archive:
        client.images.build(
            fileobj=archive,
            custom_context=True,
            dockerfile=dockerfile,
            tag=name,
            buildargs={**proxies, **arguments, "STAGE": stage},
            rm=True,
            forcerm=True,
        )
        if secret:
            client.images.prune(filters={"dangling": True, "label": f"switchyard.stage={stage}"})


@contextlib.contextmanager
def _told(name: str, base: str) -> Iterator[None]:
    """Tell why an image cannot be built, with the last that the build printed."""
    from docker.errors import APIError, BuildError

    try:
        yield
    except BuildError as error:
        output = "".join(str(line.get("stream", "")) for line in error.build_log)
        last = "\n".join(output.strip().splitlines()[-10:])
        raise DeployError(f"The image {name} cannot be built: {error.msg}\n{last}") from None
    except APIError as error:
        text = f"The image {name} cannot be built over {base}: {error.explanation}"
        raise DeployError(text) from None


@contextlib.contextmanager
def _patient(client: DockerClient) -> Iterator[None]:
    before, client.api.timeout = client.api.timeout, PATIENCE
    try:
        yield
    finally:
        client.api.timeout = before


def _pip_settings() -> list[str]:
    """What pip was told by its files and its variables, the last of which holds."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    return listed.stdout.splitlines()


def _pin(name: str, version: str) -> tuple[str, str]:
    return re.sub(r"[-_.]+", "-", name).lower(), version


def _is_local(word: str) -> bool:
    return word.startswith(("file:", "/", "~", "."))
