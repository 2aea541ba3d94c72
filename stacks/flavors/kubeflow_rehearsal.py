"""An orchestrator that rehearses on this machine what Kubeflow Pipelines would run."""

from typing import TYPE_CHECKING

from pydantic import Field
from zenml.orchestrators import BaseOrchestratorFlavor

from stacks.flavors.kubeflow.flavor import WatchedKubeflowConfig

if TYPE_CHECKING:
    from stacks.flavors.rehearsal_orchestrator import RehearsalOrchestrator


class RehearsalConfig(WatchedKubeflowConfig):
    """Settings of the rehearsal, beside those that shape what is compiled."""

    # Asked for by ZenML's own check of the stack, and never talked to.
    kubeflow_hostname: str | None = "https://rehearsal.invalid"
    network: str = Field(
        default="bridge",
        description="The Docker network of the containers; `host` reaches, on Linux, services of "
        "this machine at 127.0.0.1.",
    )


class RehearsalFlavor(BaseOrchestratorFlavor):
    """What ZenML knows of the flavor."""

    @property
    def name(self) -> str:
        """How stack files call it."""
        return "kubeflow_rehearsal"

    @property
    def config_class(self) -> type[RehearsalConfig]:
        """Its settings."""
        return RehearsalConfig

    @property
    def implementation_class(self) -> "type[RehearsalOrchestrator]":
        """What runs a pipeline; its import needs kfp."""
        from stacks.flavors.rehearsal_orchestrator import RehearsalOrchestrator

        return RehearsalOrchestrator
