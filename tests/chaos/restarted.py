"""A Docker engine of its own that is killed and started again: `restarted.py FOLDER IMAGE BASE`.

It is begun in a network of its own (`unshare --net`), in which no other engine's bridge or rules
are. What was seen is printed as JSON.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from serving.docker_runner import ContainerSettings
from serving.errors import DeployError
from serving.openapi import v2_body
from serving.resident_docker import Containers
from serving.spec import ServiceSpec
from tests.unit.serving.tiny import ROW, bundle, schema


class Engine:
    """The engine, with all that it keeps below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = f"unix://{folder}/docker.sock"
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        places = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
        words = [f"--{name}={self._folder / place}" for name, place in places.items()]
        with (self._folder / "dockerd.log").open("ab") as log:
            # Its own containers' tmpfs and mounts are its own too.
            self._process = subprocess.Popen(
                ["dockerd", f"--host={self.socket}", *words], stdout=log, stderr=log
            )
        while subprocess.run(["docker", "info"], capture_output=True).returncode:
            assert self._process.poll() is None, (self._folder / "dockerd.log").read_text()
            time.sleep(0.1)

    def end(self, how: signal.Signals) -> None:
        """End it, or kill it."""
        self._process.send_signal(how)
        self._process.wait(60)


def main(folder: Path, image: str, base: str) -> dict[str, Any]:
    """Deploy, kill and restart the engine, then stop and restart it; what was answered."""
    os.environ["DOCKER_HOST"] = f"unix://{folder}/docker.sock"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    engine, home = Engine(folder), folder / "home"
    subprocess.run(["docker", "load", "--quiet", "--input", image], check=True, stdout=sys.stderr)
    containers = Containers(ContainerSettings(base_image=base))
    try:
        first = containers.serve(home, spec(folder, "1"))
        seen = {"first": version_at(first.predict_url)}
        engine.end(signal.SIGKILL)
        seen["while down"] = told_at(containers, home, spec(folder, "2"))
        engine.start()
        seen["after a kill"] = awaited(lambda: version_at(first.predict_url))
        rolled = containers.serve(home, spec(folder, "2"))
        seen["rolled"] = version_at(rolled.predict_url)
        engine.end(signal.SIGTERM)
        engine.start()
        seen["after a restart"] = awaited(lambda: version_at(first.predict_url))
        return {**seen, "same url": rolled.url == first.url}
    finally:
        # With the script ends every process of its own, what the engine has left included.
        engine.end(signal.SIGKILL)


def spec(folder: Path, version: str) -> ServiceSpec:
    """A version."""
    path = folder / "bundles" / version
    manifest = bundle(path, version=version, shift=float(version))
    return ServiceSpec("shop", version, str(path), manifest.digest)


def version_at(url: str) -> str:
    """Which version answers."""
    said = httpx.post(url, json=v2_body(schema(), [ROW]), trust_env=False)
    return str(said.json()["model_version"]) if said.status_code == 200 else ""


def told_at(containers: Containers, home: Path, wanted: ServiceSpec) -> str:
    """What a deployment is told meanwhile."""
    try:
        containers.serve(home, wanted, timeout=5)
    except DeployError as error:
        return str(error)
    return ""


def awaited(ask: Callable[[], str]) -> str:
    """An answer, once there is one."""
    for _ in range(600):
        try:
            return ask()
        except httpx.HTTPError:
            time.sleep(0.1)
    return ""


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])))
