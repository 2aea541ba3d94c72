"""The deployers that can run on this machine, each behind the interface that steps use."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from serving import resident, seldon_local
from serving.settings import ServerSettings
from serving.spec import Endpoint, ServiceSpec
from serving.state import process
from stacks.flavors.service import Life


@dataclass(frozen=True)
class Kind:
    """A flavor.

    Args:
        life: How its servers are started, asked for and ended.
        protocols: What they speak.
    """

    life: Life
    protocols: frozenset[str]


# Who brings another deployer adds it here, and the whole contract is asked of it.
KINDS = {
    "resident": Kind(resident, frozenset({"v2", "seldon"})),
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
        """End the process that answers to ZenML's record, as a crash would."""
        pid, _ = process(self.home(name))
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while process(self.home(name))[1]:
            time.sleep(0.01)

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
