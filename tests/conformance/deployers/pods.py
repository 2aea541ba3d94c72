"""Models of `seldon_core` for tests that only ask: a stand-in for the cluster, with real servers.

Its pods are processes of the container's own entry point, and requests go through its ingress; see
tests/kubernetes for what that does and what it leaves out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serving.spec import Endpoint, ServiceSpec
from stacks.flavors.seldon.cluster import connect
from stacks.flavors.seldon.deployer import SeldonModels
from stacks.flavors.seldon.settings import SeldonSettings
from stacks.flavors.seldon.urls import Place
from tests.kubernetes.standin import IMAGE, standing_in

NAME = "seldon_core, stood in for"


class Standing(Protocol):
    """A deployer whose models stand for tests that only ask."""

    @property
    def protocols(self) -> frozenset[str]:
        """What its servers speak."""

    def serve(self, spec: ServiceSpec, *, timeout: float = 60.0) -> Endpoint:
        """Serve a version under its name."""

    def endpoints(self) -> list[Endpoint]:
        """Every model that is served."""

    def close(self) -> None:
        """End every server."""


@dataclass(frozen=True)
class Pods:
    """The models of a stand-in."""

    models: SeldonModels
    protocols: frozenset[str] = frozenset({"v2", "seldon"})

    def serve(self, spec: ServiceSpec, *, timeout: float = 60.0) -> Endpoint:
        """Serve a version under its name."""
        return self.models.serve(spec, timeout=timeout)

    def endpoints(self) -> list[Endpoint]:
        """Every model that is served."""
        return self.models.endpoints()

    def close(self) -> None:
        """Nothing: the pods end with the stand-in."""


@contextmanager
def pods_in(folder: Path) -> Iterator[Pods]:
    """A stand-in with a deployer on it."""
    with standing_in(folder) as cluster:
        asked = {"image": IMAGE, "namespace": "models", "ingress_url": cluster.ingress_url}
        settings = SeldonSettings.model_validate(asked)
        yield Pods(SeldonModels(Place(connect("models", environ=cluster.environ), settings)))
