"""What a deployment asks of a deployer and what it gets back, the same for every deployer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

# Where every deployer takes Seldon v1 requests, below its base URL.
SELDON = "/api/v1.0/predictions"
SELDON_FEEDBACK = "/api/v1.0/feedback"
# Where the Seldon service orchestrator and older clients send the same.
# What stands for a path where a request came by gRPC, with and without a version of its own choice.
GRPC_INFER = "/inference.GRPCInferenceService/ModelInfer"
GRPC_VERSION_INFER = f"{GRPC_INFER}/version"
SELDON_PATHS = frozenset((SELDON, "/api/v0.1/predictions", "/predict"))


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
        predict_url: Takes Open Inference Protocol v2 requests; empty where the server does not.
        seldon_url: Takes Seldon v1 requests.
        detail: Why the status is what it is, where that needs saying.
        grpc_target: HOST:PORT of gRPC, where it is spoken.
    """

    name: str
    version: str
    url: str
    predict_url: str
    seldon_url: str
    status: Literal["ready", "starting", "stopped", "failed"]
    pid: int | None = None
    detail: str = ""
    grpc_target: str = ""


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


@dataclass(frozen=True, slots=True)
class Access:
    """What a request must bring to be answered; apart from Endpoint, which is shown and stored.

    Args:
        headers: To be sent with each request; they may hold a key.
        certificate: The one certificate to trust, as PEM text; empty for whatever the system does.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    certificate: str = field(default="", repr=False)


@runtime_checkable
class Guarded(Protocol):
    """What a deployer has beside the rest when its servers may ask for a key or speak TLS."""

    def access(self, name: str) -> Access:
        """What a request to that model must bring."""


@runtime_checkable
class Logged(Protocol):
    """What a deployer has beside the rest when its servers ship what they answered to a store."""

    def log_store(self) -> tuple[str, Mapping[str, object]]:
        """The store's URI, empty where nothing is shipped, and what its fsspec driver takes."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """How a version is tried beside the one that serves.

    Args:
        mode: A canary answers a share of the requests; a shadow is asked beside and never answers.
        share: Of the requests, above 0 and at most 1.
        sticky: Requests of the same id always meet the same version.
        tolerance: How far apart two values of a regression may lie and still agree.
        lease: Seconds after which a deployer that can ends the trial by itself, so that one which
            nobody finishes does not go on for ever.
    """

    mode: Literal["canary", "shadow"]
    share: float
    sticky: bool = False
    tolerance: float = 0.0
    lease: float = 3600.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What one version did since a trial began.

    Args:
        errors: Answers at which the server is at fault (5xx); a refused request is none.
        p50_ms: The median latency, from a request's body to its answer; NaN without a request.
        p99_ms: The same for 99 of 100 requests.
    """

    version: str
    requests: int
    errors: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Observation:
    """A trial as far as it has come.

    Args:
        compared: Rows that both versions were asked for; 0 where a deployer cannot compare.
        agreed: Those of them to which both gave the same label, or in a regression a value within
            the tolerance asked for; a row that one of them refuses is none.
        largest: The largest difference between two scores.
        skipped: Rows that were not compared, because too many were waiting.
    """

    name: str
    traffic: Traffic
    stable: Sample
    trial: Sample
    compared: int = 0
    agreed: int = 0
    largest: float = 0.0
    skipped: int = 0


@runtime_checkable
class Trials(Protocol):
    """What a deployer that can try a version out has beside the rest."""

    def try_out(self, spec: ServiceSpec, traffic: Traffic, *, timeout: float = 60.0) -> Endpoint:
        """Load a version beside the one that serves and let it have its share.

        A trial that is under way for the same name ends first. What comes back is the endpoint of
        the version that serves.

        Raises:
            DeployError: Nothing is served under that name, or the version did not come up; the
                one that serves goes on alone.
        """

    def observe(self, name: str) -> Observation | None:
        """The trial of a model as far as it has come; None when none is under way."""

    def finish(self, name: str, *, timeout: float = 60.0) -> Endpoint:
        """Give all traffic to the version on trial; it is the one that serves from then on."""

    def withdraw(self, name: str, *, timeout: float = 60.0) -> Endpoint:
        """End the trial; the version that serves goes on alone."""
