"""What the flavors have in common whose servers can try a version out beside another."""

from pathlib import Path
from typing import Protocol

from serving.errors import DeployError
from serving.spec import Endpoint, Observation, ServiceSpec, Traffic
from stacks.flavors.process import ProcessDeployer
from stacks.flavors.service import Life, ProcessService
from stacks.flavors.service_record import write


class TrialLife(Life, Protocol):
    """The life of a server that can try a version out."""

    def try_out(
        self, home: Path, spec: ServiceSpec, traffic: Traffic, *, timeout: float
    ) -> Endpoint:
        """Load a version beside the one that serves and let it have its share."""

    def observe(self, home: Path) -> Observation | None:
        """The trial of a home as far as it has come; None when none is under way."""

    def finish(self, home: Path, *, timeout: float) -> Endpoint:
        """Give all traffic to the version on trial."""

    def withdraw(self, home: Path, *, timeout: float) -> Endpoint:
        """End the trial; the version that serves goes on alone."""


class TrialService(ProcessService):
    """One served model, and the version on trial beside it."""

    @property
    def life(self) -> TrialLife:
        """The life of this flavor's servers."""
        raise NotImplementedError

    def try_out(self, spec: ServiceSpec, traffic: Traffic, timeout: float) -> None:
        """Let a version have its share, and note where it came from."""
        self.require_here()
        endpoint = self.life.try_out(self.home, spec, traffic, timeout=timeout)
        self.status.trial_uri, self.status.trial_digest = spec.model_uri, spec.digest
        self.note(endpoint)

    def observe(self) -> Observation | None:
        """The trial as far as it has come; of another machine's server nothing is known."""
        return self.life.observe(self.home) if self.is_here else None

    def finish(self, timeout: float) -> None:
        """Let the version on trial serve from now on."""
        self.require_here()
        self.note(self.life.finish(self.home, timeout=timeout))
        self.status.model_uri, self.status.digest = self.status.trial_uri, self.status.trial_digest

    def withdraw(self, timeout: float) -> None:
        """End the trial."""
        self.require_here()
        self.note(self.life.withdraw(self.home, timeout=timeout))


class TrialDeployer(ProcessDeployer):
    """Serves each model, and tries versions out: serving.spec.Trials."""

    def try_out(self, spec: ServiceSpec, traffic: Traffic, *, timeout: float = 60.0) -> Endpoint:
        """Load a version beside the one that serves and let it have its share.

        Raises:
            DeployError: Nothing is served under that name.
            ModelError: The bundle is broken; the version that serves goes on alone.
        """
        service = self._service(spec.name)
        service.try_out(spec, traffic, timeout)
        return _told(service)

    def observe(self, name: str) -> Observation | None:
        """The trial of a model as far as it has come; None when none is under way."""
        service = self._find(name)
        return service.observe() if service is not None else None

    def finish(self, name: str, *, timeout: float = 60.0) -> Endpoint:
        """Give all traffic to the version on trial; it is the one that serves from then on."""
        service = self._service(name)
        service.finish(timeout)
        return _told(service)

    def withdraw(self, name: str, *, timeout: float = 60.0) -> Endpoint:
        """End the trial; the version that serves goes on alone."""
        service = self._service(name)
        service.withdraw(timeout)
        return _told(service)

    def _find(self, name: str) -> TrialService | None:
        found = self.find_model_server(model_name=name)
        return next((each for each in found if isinstance(each, TrialService)), None)

    def _service(self, name: str) -> TrialService:
        service = self._find(name)
        if service is None:
            raise DeployError(f"Nothing is served under the name '{name}'.")
        return service


def _told(service: TrialService) -> Endpoint:
    """Where the model answers, with ZenML's record brought up to date."""
    write(service)
    return service.served()
