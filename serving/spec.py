"""What a deployment asks of a deployer and what it gets back, the same for every deployer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

# Where every deployer takes Seldon v1 requests, below its base URL.
SELDON = "/api/v1.0/predictions"


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One model version to be served.

    Args:
        model_uri: A bundle's directory: a local path or an fsspec URI.
        digest: What the bundle's digest must be; a deployer refuses any other.
    """

    name: str
    version: str
    model_uri: str
    digest: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers.

    Args:
        predict_url: Takes Open Inference Protocol v2 requests.
        seldon_url: Takes Seldon v1 requests.
        detail: Why the status is what it is, where that needs saying.
    """

    name: str
    version: str
    url: str
    predict_url: str
    seldon_url: str
    status: Literal["ready", "starting", "stopped", "failed"]
    pid: int | None = None
    detail: str = ""


@runtime_checkable
class Deployer(Protocol):
    """The one interface that steps use of a stack's model deployer."""

    def serve(self, spec: ServiceSpec, *, timeout: float = 60.0) -> Endpoint:
        """Serve this version under its name, at the same URL as the version before it.

        Args:
            timeout: Seconds until the version must answer.

        Raises:
            DeployError: The version did not come up; the one before it still answers.
        """

    def endpoints(self) -> list[Endpoint]:
        """Every model that this deployer serves or served."""

    def stop(self, name: str) -> bool:
        """Stop answering for a model; False when nothing answered."""
