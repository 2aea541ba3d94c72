"""The deployers that can run on this machine, each behind the interface that steps use."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psutil

from serving import resident, seldon_local
from serving.docker_runner import ContainerSettings
from serving.resident_docker import Containers
from serving.settings import ServerSettings
from serving.spec import Endpoint, ServiceSpec
from serving.state import process
from stacks.flavors.service import Life
from tests.docker.base_image import NAME
from tests.docker.containers import container_of, containers_of


def kill_process(home: Path) -> None:
    """End the process that answers to ZenML's record, as a crash would."""
    pid, _ = process(home)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while process(home)[1]:
        time.sleep(0.01)


def kill_container(home: Path) -> None:
    """End a container by the one way after which the engine does not start it again."""
    container_of(home).kill()


def processes(home: Path) -> list[psutil.Process]:
    """Every process that was started for a home."""
    return [
        each
        for each in psutil.process_iter(["cmdline"])
        if str(home) in (each.info["cmdline"] or ()) and each.status() != psutil.STATUS_ZOMBIE
    ]


def in_container(home: Path) -> list[psutil.Process]:
    """Every process of a home's containers."""
    found = [container.attrs["State"]["Pid"] for container in containers_of(home)]
    roots = [psutil.Process(pid) for pid in found if pid]
    return [*roots, *(each for root in roots for each in root.children(recursive=True))]


@dataclass(frozen=True)
class Kind:
    """A flavor.

    Args:
        life: How its servers are started, asked for and ended.
        protocols: What they speak.
        kill: How one of them crashes.
        processes: The processes that serve a home.
    """

    life: Life
    protocols: frozenset[str]
    kill: Callable[[Path], None] = kill_process
    processes: Callable[[Path], list[psutil.Process]] = processes


# Who brings another deployer adds it here, and the whole contract is asked of it.
KINDS = {
    "resident": Kind(resident, frozenset({"v2", "seldon"})),
    "resident_docker": Kind(
        Containers(ContainerSettings(base_image=NAME)),
        frozenset({"v2", "seldon"}),
        kill_container,
        in_container,
    ),
    "seldon_local": Kind(seldon_local, frozenset({"seldon"})),
}


@dataclass(frozen=True)
class Machine:
    """A serving.spec.Deployer whose records are its servers' homes.

    Args:
        folder: Holds a home for each model.
    """

    kind: Kind
    folder: Path

    @property
    def protocols(self) -> frozenset[str]:
        """What its servers speak."""
        return self.kind.protocols

    def serve(
        self, spec: ServiceSpec, *, timeout: float = 60.0, server: ServerSettings | None = None
    ) -> Endpoint:
        """Serve a version under its name."""
        return self.kind.life.serve(self.home(spec.name), spec, server, timeout=timeout)

    def endpoints(self) -> list[Endpoint]:
        """Every model that is or was served."""
        homes = sorted(self.folder.iterdir()) if self.folder.exists() else []
        return [found for home in homes if (found := self.kind.life.status(home))]

    def stop(self, name: str) -> bool:
        """Stop answering for a model."""
        return self.kind.life.stop(self.home(name))

    # What only tests do.

    def home(self, name: str) -> Path:
        """A server's own directory."""
        return self.folder / name

    def kill(self, name: str) -> None:
        """End a server as a crash would."""
        self.kind.kill(self.home(name))

    def roots(self, name: str) -> list[psutil.Process]:
        """The processes of a server that none of its others started."""
        serving = self.kind.processes(self.home(name))
        known = {each.pid for each in serving}
        return [each for each in serving if each.ppid() not in known]

    def await_none(self, name: str) -> None:
        """Wait for the last moments of what has ended; whatever goes on fails the test."""
        for _ in range(500):
            if not self.kind.processes(self.home(name)):
                return
            time.sleep(0.01)
        assert self.kind.processes(self.home(name)) == []

    def logged(self, name: str) -> list[dict[str, Any]]:
        """The rows of the prediction log."""
        return list(_rows(self.home(name) / "log"))

    def close(self) -> None:
        """End every server."""
        names = [endpoint.name for endpoint in self.endpoints()]
        with ThreadPoolExecutor() as pool:
            list(pool.map(self.stop, names))


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.jsonl*")):
        yield from map(orjson.loads, path.read_bytes().splitlines())
