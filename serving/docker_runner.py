"""Holds a server in a container of this machine's Docker engine."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import finalize

from serving.client import ask
from serving.container import PORT
from serving.errors import DeployError, PortTakenError
from serving.image import BASE, REMOTE, ensure_image
from serving.launch import DRAIN, explain
from serving.settings import ServerSettings
from serving.shipping.settings import read_settings
from serving.state import State, forget, give, write_private, write_state

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

# Where the image keeps its home, and whom it runs as where the caller is root.
HOME, USER = "/srv/switchyard", 10001
LABEL = "switchyard.home"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ContainerSettings:
    """What a server's container is made of.

    Args:
        image: What to run; empty for an image of this project's own server.
        base_image: What the project's own image is built over: Python 3.11 with pip.
        memory: The most that a container may use, such as `512m`; empty for any.
        cpus: How many processors' time it may use; 0 for any.
    """

    image: str = ""
    base_image: str = BASE
    memory: str = ""
    cpus: float = 0.0


class DockerRunner:
    """A server in a container; see serving.runner.Runner."""

    def __init__(self, settings: ContainerSettings) -> None:
        self._settings = settings

    def launch(self, home: Path, state: State, deadline: float) -> State:
        """Start a container that serves a state, and return the state with its port."""
        self._remove(home)
        if os.geteuid() == 0:
            os.chown(home, USER, USER)
            give(home, home)
        for _ in range(5):
            server = at_free_ports(state.server)
            try:
                return self._start(home, replace(state, server=server), deadline)
            except PortTakenError:
                if server == state.server:
                    raise
                # Another program was faster.
        raise DeployError(f"No port of {state.server.host} stays free for long enough.")

    def alive(self, home: Path) -> tuple[int | None, bool]:
        """The process id as this machine counts, None after an orderly stop, and whether alive."""
        if (found := self._find(home)) is None:
            return None, False
        state = found.attrs["State"]
        if state["Running"] and not state["Restarting"]:
            return int(state["Pid"]), True
        orderly = state["Status"] in ("created", "exited") and state["ExitCode"] == 0
        return (None if orderly else 0), False

    def is_ready(self, home: Path, state: State) -> bool:
        """Whether the server answers at the port that the engine keeps for the container."""
        answer = ask(state, "GET", "/readyz", timeout=2.0)
        return answer is not None and answer[0] == 200 and self.alive(home)[1]

    def end(self, home: Path) -> bool:
        """Let the server answer what it has begun and end its container; False without one."""
        alive = self.alive(home)[1]
        self._remove(home)
        return alive

    def title(self, home: Path, pid: int) -> str:  # noqa: ARG002
        """What messages call the container."""
        return f"Container {name(home)}"

    def log(self, home: Path) -> str:
        """Where to read what the server printed."""
        if self._find(home) is None:
            return str(home / "server.log")
        return f"`docker logs {name(home)}`"

    def printed(self, home: Path, follow: bool, tail: int | None) -> Iterator[str]:
        """The lines that the server printed; the home keeps them once the container is gone."""
        kept, container = home / "server.log", self._find(home)
        if container is not None and follow:
            parts = container.logs(stream=True, follow=True, tail=tail or "all")
            yield from (part.decode(errors="replace").rstrip("\n") for part in parts)
            return
        text = kept.read_bytes() if kept.is_file() else b""
        if container is not None:
            text += self._asked(container.logs)
        lines = text.decode(errors="replace").splitlines()
        yield from lines[-tail:] if tail else lines

    def image(self, home: Path) -> str:
        """The image to run, which is built where the engine has none."""
        scheme = read_settings(home).uri.partition("://")[0]
        remote = scheme if scheme in REMOTE else ""
        settings = self._settings
        return settings.image or ensure_image(self._engine, settings.base_image, remote)

    @cached_property
    def _engine(self) -> DockerClient:
        import docker
        from docker.errors import DockerException

        try:
            client = docker.from_env()
            finalize(self, client.close)
            client.ping()
        except DockerException as error:
            message = f"No Docker engine answers ({error})"
            raise DeployError(f"{message}: start it, and see that `docker info` works.") from None
        return client

    def _find(self, home: Path) -> Container | None:
        wanted = {"label": f"{LABEL}={home}"}
        found = self._asked(lambda: self._engine.containers.list(all=True, filters=wanted))
        return found[0] if found else None

    def _start(self, home: Path, state: State, deadline: float) -> State:
        write_state(home, state)
        forget(home)
        container = self._asked(lambda: self._engine.containers.create(**self._wanted(home, state)))
        try:
            self._asked(container.start)
            self._await(home, container, state, deadline)
        except BaseException:
            self._remove(home)
            raise
        # From here on it comes back after a crash and with the engine: with `unless-stopped` it
        # would not where the engine was killed, which then ends what it finds alive as by hand.
        self._asked(lambda: container.update(restart_policy={"Name": "always"}))
        return state

    def _await(self, home: Path, container: Container, state: State, deadline: float) -> None:
        log = home / "server.log"
        while time.monotonic() < deadline:
            self._asked(container.reload)
            if not container.attrs["State"]["Running"]:
                text = container.logs().decode(errors="replace")
                raise explain(text, int(container.attrs["State"]["ExitCode"]), f"see {log}")
            if self.is_ready(home, state):
                return
            time.sleep(0.05)
        raise DeployError(f"The server did not answer in time; see {log}.")

    def _remove(self, home: Path) -> None:
        """End and remove a home's container; what it printed stays in the home."""
        if (container := self._find(home)) is None:
            return
        self._asked(lambda: container.stop(timeout=int(DRAIN)))
        with (home / "server.log").open("ab") as log:
            log.write(self._asked(container.logs))
        self._asked(lambda: container.remove(force=True))

    def _wanted(self, home: Path, state: State) -> dict[str, Any]:
        user, group = (USER, USER) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
        return {
            "image": self.image(home),
            "name": name(home),
            "labels": {LABEL: str(home), "switchyard.model": state.name},
            "user": f"{user}:{group}",
            "ports": dict(ports(state.server)),
            "volumes": dict(volumes(home, state)),
            "read_only": True,
            "tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=64m"},  # noqa: S108
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "pids_limit": 256,
            "mem_limit": self._settings.memory or None,
            "nano_cpus": int(self._settings.cpus * 1e9) or None,
            "log_config": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        }

    def _asked(self, question: Callable[[], T]) -> T:
        """What the engine answers; its refusals in this project's errors."""
        from docker.errors import APIError, ImageNotFound

        try:
            return question()
        except ImageNotFound:
            found = self._settings.image
            raise DeployError(f"The engine has no image {found}: pull or build it.") from None
        except APIError as error:
            text = str(error.explanation)
            taken = "already allocated" in text or "address already in use" in text
            raise (PortTakenError if taken else DeployError)(f"Docker refuses: {text}") from None


def ports(server: ServerSettings) -> Iterator[tuple[str, tuple[str, int]]]:
    """Where this machine reaches the ports of a container."""
    yield f"{PORT}/tcp", (server.host, server.port)
    if server.grpc_port:
        yield f"{server.grpc_port}/tcp", (server.host, server.grpc_port)


def volumes(home: Path, state: State) -> Iterator[tuple[str, dict[str, str]]]:
    """The places of this machine that a home's server reads and writes, at the same path inside."""
    yield str(home), {"bind": HOME, "mode": "rw"}
    for path in filter(None, (state.server.certificate, state.server.key_file)):
        yield readable(home, path), {"bind": path, "mode": "ro"}
    uri = read_settings(home).uri
    if uri and ("://" not in uri or uri.startswith("file://")):
        path = uri.removeprefix("file://")
        Path(path).mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(path, USER, USER)
        yield path, {"bind": path, "mode": "rw"}


def readable(home: Path, path: str) -> str:
    """A file that the container's user can read: root's own is copied into the home."""
    if os.geteuid() != 0:
        return path
    copy = home / "tls" / Path(path).name
    copy.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(copy, Path(path).read_bytes())
    give(home, copy.parent)
    return str(copy)


def name(home: Path) -> str:
    """The container's name: the home's own name, and what tells homes of one name apart."""
    return f"switchyard-{home.name}-{sha256(str(home).encode()).hexdigest()[:8]}"


def at_free_ports(server: ServerSettings) -> ServerSettings:
    """The settings with a port for each that may be any."""
    grpc_port = free_port(server.host) if server.grpc_port == 0 else server.grpc_port
    return replace(server, port=server.port or free_port(server.host), grpc_port=grpc_port)


def free_port(host: str) -> int:
    """A port of an address that nothing listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
