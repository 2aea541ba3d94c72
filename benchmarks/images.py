"""The image of the steps against what ZenML builds by itself from the same requirements."""

from __future__ import annotations

import configparser
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from benchmarks.process import measure, place
from serving.image import PROXIES, context, index
from stacks.image import base_image, ensure_image, torch_index, wanted
from stacks.requirements import pins
from stacks.schema import read_stack

if TYPE_CHECKING:
    from docker import DockerClient

OURS, WITHOUT = "ours", "ours, with no network among the candidates"
NAIVE, NAIVE_CPU = "naive ZenML", "naive ZenML, torch for CPUs"
STAGE = "switchyard.stage=built"


def run(folder: Path, repeats: int) -> list[dict[str, Any]]:  # noqa: ARG001
    """Build each image once from nothing: what is measured is mostly its download."""
    import docker

    client = docker.from_env()
    packages = pins(read_stack("docker"))
    fewer = wanted(packages, ["torch"], lambda _: False)
    settings = index(os.environ, packages)
    wheels = [path for path in settings.values() if isinstance(path, Path)]
    arms: dict[str, Callable[[], tuple[float, float]]] = {
        OURS: lambda: own(client, packages),
        WITHOUT: lambda: own(client, fewer),
        NAIVE: lambda: naive(client, folder / "naive", environment(settings)),
    }
    if wheels or torch_index():
        with serving(client, wheels) as links:
            torch = {**environment(settings), **links}
            arms[NAIVE_CPU] = lambda: naive(client, folder / "naive-cpu", torch)
            return rows({name: arm() for name, arm in arms.items()})
    return rows({name: arm() for name, arm in arms.items()})


def ours(client: DockerClient) -> str:
    """The image in which the steps of the rehearsal run; the other stacks need less."""
    return ensure_image(client, pins(read_stack("kubeflow-rehearsal")), base_image())


def own(client: DockerClient, packages: list[str]) -> tuple[float, float]:
    """Our image's megabytes and the seconds of its build, which takes nothing from before."""
    before = set(stages(client))
    since = time.perf_counter()
    # A package of no name: for pip a comment, for the engine another build.
    name = ensure_image(client, [*packages, f"# build=={uuid4()}"], base_image())
    seconds = time.perf_counter() - since
    size = taken_out(client, name)
    for each in set(stages(client)) - before:
        client.images.remove(each)
    return size, seconds


def naive(client: DockerClient, folder: Path, variables: dict[str, str]) -> tuple[float, float]:
    """What ZenML's own image comes to, over the same base."""
    parent = f"switchyard-naive:{uuid4().hex[:8]}"
    lines = [f"FROM {base_image()}", *(f"ENV {key}={value}" for key, value in variables.items())]
    certificates = index(os.environ).get("index/ca.crt", b"")
    files = {
        "Dockerfile": "\n".join([*lines, "COPY ca.crt /ca.crt", ""]).encode(),
        "ca.crt": certificates,
    }
    with context(files) as archive:
        client.images.build(fileobj=archive, custom_context=True, tag=parent, rm=True)
    with place(folder) as where:
        printed = measure(where, "-m", "benchmarks.peers.naive_image", parent).output
    name, seconds = json.loads(printed.splitlines()[-1])
    size = taken_out(client, name)
    client.images.remove(parent)
    return size, seconds


def environment(settings: dict[str, Any]) -> dict[str, str]:
    """This machine's settings of its package index, as uv reads them, without bytecode.

    So it is on an official image of Python; the tests' own base asks for bytecode.
    """
    read = configparser.ConfigParser(interpolation=None)
    read.read_string(settings["index/pip.conf"].decode())
    said = dict(read["global"])
    found = {"UV_COMPILE_BYTECODE": "0", "UV_SYSTEM_PYTHON": "1"}
    found |= {key: value for key in PROXIES if (value := os.environ.get(key))}
    names = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX"}
    found |= {names[key]: value for key, value in said.items() if key in names}
    if "cert" in said:
        found |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), "/ca.crt")
    return found


@contextmanager
def serving(client: DockerClient, wheels: list[Path]) -> Iterator[dict[str, str]]:
    """Where a build finds torch for CPUs: in PyTorch's index, or in wheels of this machine."""
    if not wheels:
        yield {"UV_EXTRA_INDEX_URL": torch_index(), "UV_INDEX_STRATEGY": "unsafe-best-match"}
        return
    bridge = client.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    handler = partial(Quiet, directory=str(wheels[0].parent))
    with ThreadingHTTPServer((bridge, 0), handler) as listener:
        Thread(target=listener.serve_forever, daemon=True).start()
        yield {"UV_FIND_LINKS": f"http://{bridge}:{listener.server_address[1]}/"}
        listener.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing of what it is asked."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def taken_out(client: DockerClient, name: str) -> float:
    """The megabytes of an image, which is removed."""
    size = float(client.images.get(name).attrs["Size"]) / 1e6
    client.images.remove(name)
    return size


def stages(client: DockerClient) -> list[str]:
    """The first stages of our builds that the engine keeps."""
    kept = client.images.list(filters={"dangling": True, "label": STAGE})
    return [str(each.id) for each in kept]


def rows(built: dict[str, tuple[float, float]]) -> list[dict[str, Any]]:
    """The table's lines."""
    of = {name: built[name][0] for name in (NAIVE, NAIVE_CPU) if name in built}
    return [
        {
            "arm": name,
            "megabytes": round(size),
            "build": round(seconds, 1),
            "of_naive": round(size / of[NAIVE], 3),
            "of_naive_cpu": round(size / of[NAIVE_CPU], 3) if NAIVE_CPU in of else None,
        }
        for name, (size, seconds) in built.items()
    ]
