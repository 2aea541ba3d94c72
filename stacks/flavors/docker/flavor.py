"""The flavor `docker_parallel`: ZenML's own local Docker orchestrator, side by side."""

import os

from pydantic import Field
from zenml.orchestrators.local_docker.local_docker_orchestrator import (
    LocalDockerOrchestratorConfig,
    LocalDockerOrchestratorFlavor,
)


class ParallelDockerConfig(LocalDockerOrchestratorConfig):
    """Settings of the orchestrator, beside those of ZenML's own."""

    alone: tuple[str, ...] = Field(
        default=("train_*",),
        description="Patterns of the names of steps that have a container of their own and run "
        "side by side; the others share one before and one after them. '*' gives each its own.",
    )
    at_once: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        description="The most containers at a time. Default: as many as there are processors.",
    )


class ParallelDockerFlavor(LocalDockerOrchestratorFlavor):
    """The flavor that ZenML knows as `docker_parallel`."""

    @property
    def name(self) -> str:
        """The name that stack files use."""
        return "docker_parallel"

    @property
    def config_class(self) -> type[ParallelDockerConfig]:
        """The settings that a component of this flavor takes."""
        return ParallelDockerConfig

    @property
    def implementation_class(self) -> type:
        """The orchestrator itself."""
        from stacks.flavors.docker.orchestrator import ParallelDockerOrchestrator

        return ParallelDockerOrchestrator
