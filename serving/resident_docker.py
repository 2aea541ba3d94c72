"""The life of a resident server that a container of this machine's Docker engine holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from serving import resident
from serving.client import endpoint
from serving.docker_runner import ContainerSettings, DockerRunner
from serving.errors import DeployError
from serving.settings import ServerSettings
from serving.spec import Endpoint, Observation, ServiceSpec, Traffic
from serving.state import read_state


@dataclass(frozen=True)
class Containers:
    """Serves each home from a container of its own; see serving.resident for the functions."""

    settings: ContainerSettings = field(default_factory=ContainerSettings)

    def serve(
        self,
        home: Path,
        spec: ServiceSpec,
        server: ServerSettings | None = None,
        *,
        timeout: float = 60.0,
    ) -> Endpoint:
        """Serve a version: from a new container, or in place of the one that the home's holds.

        Args:
            server: How the container is reached; None for the settings that the home had before.
            timeout: Seconds until the version must answer; making the image takes its own time.

        Raises:
            ModelError: The bundle is broken; the version before it still answers.
            DeployError: There is no engine or image, or the server did not come up or answer.
        """
        home, runner = home.resolve(), self._runner()
        if not runner.alive(home)[1]:
            runner.image(home)
        return resident.serve(home, spec, server, timeout=timeout, runner=runner)

    def status(self, home: Path) -> Endpoint | None:
        """What a home serves or served; None where nothing was ever deployed."""
        home = home.resolve()
        try:
            return resident.status(home, runner=self._runner())
        except DeployError as error:  # No engine answers; what was deployed is known all the same.
            state = read_state(home)
            return None if state is None else endpoint(state, "failed", detail=str(error))

    def stop(self, home: Path) -> bool:
        """End a home's container after its last answer; False when none was running."""
        return resident.stop(home.resolve(), runner=self._runner())

    def try_out(
        self, home: Path, spec: ServiceSpec, traffic: Traffic, *, timeout: float = 60.0
    ) -> Endpoint:
        """Load a version beside the one that serves and let it have its share of the requests."""
        return resident.try_out(home, spec, traffic, timeout=timeout, runner=self._runner())

    def observe(self, home: Path) -> Observation | None:
        """The trial of a home as far as it has come; None when none is under way."""
        return resident.observe(home.resolve(), runner=self._runner())

    def finish(self, home: Path, *, timeout: float = 60.0) -> Endpoint:
        """Give all traffic to the version on trial; a restart comes back with it."""
        return resident.finish(home, timeout=timeout, runner=self._runner())

    def withdraw(self, home: Path, *, timeout: float = 60.0) -> Endpoint:
        """End the trial, where one is under way; the version that serves goes on alone."""
        return resident.withdraw(home, timeout=timeout, runner=self._runner())

    def printed(
        self, home: Path, *, follow: bool = False, tail: int | None = None
    ) -> Iterator[str]:
        """The lines that the server of a home printed, also where its container is gone.

        Args:
            follow: Go on with what it prints, until it ends.
            tail: How many of the last lines; all of them without it.
        """
        return self._runner().printed(home.resolve(), follow, tail)

    def _runner(self) -> DockerRunner:
        return DockerRunner(self.settings)
