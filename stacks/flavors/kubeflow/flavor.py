"""The flavor `kubeflow_watched`: ZenML's own orchestrator for Kubeflow, held to account."""

from pydantic import Field
from zenml.integrations.kubeflow.flavors.kubeflow_orchestrator_flavor import (
    KubeflowOrchestratorConfig,
    KubeflowOrchestratorFlavor,
)

from stacks.flavors.dealing.settings import DealingConfig

DAY = 24 * 60 * 60


class WatchedKubeflowConfig(DealingConfig, KubeflowOrchestratorConfig):
    """Settings of the watched Kubeflow orchestrator, beside those of ZenML's own."""

    timeout: int = Field(
        default=DAY, gt=0, description="Seconds after which a run that has not ended is ended."
    )
    ui_url: str | None = Field(
        default=None, description="Where a browser finds Kubeflow's pages, such as 'https://HOST'."
    )

    @property
    def handles_step_retries(self) -> bool:
        """A step is retried in a new pod, so that one whose pod died is retried too."""
        return True


class WatchedKubeflowFlavor(KubeflowOrchestratorFlavor):
    """The flavor that ZenML knows as `kubeflow_watched`."""

    @property
    def name(self) -> str:
        """The name that stack files use."""
        return "kubeflow_watched"

    @property
    def config_class(self) -> type[WatchedKubeflowConfig]:
        """The settings that a component of this flavor takes."""
        return WatchedKubeflowConfig

    @property
    def implementation_class(self) -> type:
        """The orchestrator itself, whose import needs Kubeflow's clients."""
        from stacks.flavors.kubeflow.orchestrator import WatchedKubeflowOrchestrator

        return WatchedKubeflowOrchestrator
