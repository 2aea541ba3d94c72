"""ZenML's record of a model that a process of some machine serves."""

import platform
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Literal, Protocol

from pydantic import PrivateAttr
from zenml.enums import ServiceState
from zenml.services import ServiceConfig, ServiceStatus
from zenml.services.service import BaseDeploymentService

from serving.client import access
from serving.errors import DeployError
from serving.settings import ServerSettings
from serving.spec import Access, Endpoint, ServiceSpec
from serving.state import read_state

Word = Literal["ready", "starting", "stopped", "failed"]

STATES: dict[Word, ServiceState] = {
    "ready": ServiceState.ACTIVE,
    "starting": ServiceState.PENDING_STARTUP,
    "stopped": ServiceState.INACTIVE,
    "failed": ServiceState.ERROR,
}


class Life(Protocol):
    """How a server's process is started or rolled, asked for its state, and stopped."""

    def serve(
        self, home: Path, spec: ServiceSpec, server: ServerSettings | None, *, timeout: float
    ) -> Endpoint:
        """Serve a version, in place of the one that the home's process serves.

        Args:
            server: How to listen; None for the settings that the home had before.
        """

    def status(self, home: Path) -> Endpoint | None:
        """What a home serves or served; None where nothing was ever deployed."""

    def stop(self, home: Path) -> bool:
        """End a home's server after its last answer; False when none was running."""


class ProcessServiceConfig(ServiceConfig):
    """Where a model is served; ZenML cannot change it once recorded, so it holds no version.

    Args:
        deployer: The id of the stack component; two components may serve the same model name.
        home: The server's own directory.
        machine: The host name of the machine that the process runs on.
    """

    deployer: str
    home: str
    machine: str

    def is_in(self, home: Path) -> bool:
        """Whether this is a server of this machine, below that directory."""
        is_home = self.home == str(home / self.model_name)
        return is_home and (self.machine == platform.node() or Path(self.home).exists())


class ProcessServiceStatus(ServiceStatus):
    """What is served now.

    Args:
        trial_uri: Where the bundle of the version tried out last came from.
    """

    version: str = ""
    model_uri: str = ""
    digest: str = ""
    trial_uri: str = ""
    trial_digest: str = ""
    url: str = ""
    predict_url: str = ""
    seldon_url: str = ""
    grpc_target: str = ""
    pid: int | None = None


class ProcessService(BaseDeploymentService):
    """One served model; a flavor adds its service type and the life of its servers."""

    config: ProcessServiceConfig
    status: ProcessServiceStatus

    # None asks for what the home had before.
    _asked: ServerSettings | None = PrivateAttr(None)

    @property
    def life(self) -> Life:
        """The life of this flavor's servers."""
        raise NotImplementedError

    @property
    def home(self) -> Path:
        """The server's own directory."""
        return Path(self.config.home)

    @property
    def is_here(self) -> bool:
        """Whether the process is this machine's, also when the machine was renamed since."""
        return self.config.machine == platform.node() or self.home.exists()

    @property
    def prediction_url(self) -> str | None:
        """Where requests go: in the Open Inference Protocol v2 where the server speaks it."""
        return self.status.predict_url or self.status.seldon_url or None

    def get_healthcheck_url(self) -> str | None:
        """Where the server says whether it is ready."""
        return f"{self.status.url}/readyz" if self.status.url else None

    def ask_for(self, server: ServerSettings) -> None:
        """Have the next start listen so; ZenML's store never sees it, as it holds the key."""
        self._asked = server

    def access(self) -> Access:
        """What a request must bring, as far as this machine knows."""
        state = read_state(self.home)
        return Access() if state is None else access(state)

    def serve(self, spec: ServiceSpec, timeout: float) -> None:
        """Start the process, or roll the one that runs, and note what it serves.

        Raises:
            DeployError: The version did not come up, or the process is another machine's.
            ModelError: The bundle is broken.
        """
        self.require_here()
        endpoint = self.life.serve(self.home, spec, self._asked, timeout=timeout)
        self.admin_state, status = ServiceState.ACTIVE, self.status
        status.model_uri, status.digest = spec.model_uri, spec.digest
        self.note(endpoint)

    def require_here(self) -> None:
        """Refuse to act on a process of another machine.

        Raises:
            DeployError: It is one.
        """
        if not self.is_here:
            raise DeployError(
                f"The model '{self.config.model_name}' is served by {self.config.machine}: "
                "run this command there."
            )

    def served(self) -> Endpoint:
        """Where the model answers, as far as this machine can tell."""
        self.update_status()
        words = {state: word for word, state in STATES.items()}
        status = self.status
        return Endpoint(
            name=self.config.model_name,
            version=status.version,
            url=status.url,
            predict_url=status.predict_url,
            seldon_url=status.seldon_url,
            status=words.get(status.state, "stopped"),
            pid=status.pid,
            grpc_target=status.grpc_target,
            detail="" if self.is_here else f"as {self.config.machine} last said",
        )

    def check_status(self) -> tuple[ServiceState, str]:
        """Ask the process; of another machine's the record is all there is to know."""
        if not self.is_here:
            return self.status.state, ""
        endpoint = self.life.status(self.home)
        if endpoint is None:
            self.status.pid = None
            return ServiceState.INACTIVE, ""
        self.note(endpoint)
        return self.status.state, endpoint.detail

    def provision(self) -> None:
        """Serve again what was served last."""
        status = self.status
        spec = ServiceSpec(self.config.model_name, status.version, status.model_uri, status.digest)
        self.serve(spec, timeout=60.0)

    def end(self) -> bool:
        """Stop the process after its last answer; False when none was running.

        Raises:
            DeployError: The process is another machine's.
        """
        self.require_here()
        self.admin_state = ServiceState.INACTIVE
        answered = self.life.stop(self.home)
        self.update_status()
        return answered

    def deprovision(self, force: bool = False) -> None:  # noqa: ARG002
        """Stop the process after its last answer."""
        self.end()

    def get_logs(self, follow: bool = False, tail: int | None = None) -> Generator[str, bool, None]:
        """The lines that the server wrote."""
        self.require_here()
        log = self.home / "server.log"
        if log.is_file():
            yield from _lines(log, follow, tail)

    def note(self, endpoint: Endpoint) -> None:
        """Keep where the model answers and with which version."""
        status = self.status
        status.update_state(STATES[endpoint.status])
        status.version, status.pid = endpoint.version or status.version, endpoint.pid
        status.grpc_target = endpoint.grpc_target
        status.url = endpoint.url or status.url
        status.predict_url = endpoint.predict_url or status.predict_url
        status.seldon_url = endpoint.seldon_url or status.seldon_url


def _lines(log: Path, follow: bool, tail: int | None) -> Iterator[str]:
    with log.open(encoding="utf-8", errors="replace") as stream:
        lines = stream.read().splitlines()
        yield from lines[-tail:] if tail else lines
        while follow:
            if line := stream.readline():
                yield line.rstrip("\n")
            else:
                time.sleep(0.2)
