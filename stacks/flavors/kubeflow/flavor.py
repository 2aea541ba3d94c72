"""The flavor `kubeflow_watched`: ZenML's own orchestrator for Kubeflow, held to account."""

from pydantic import Field
from zenml.integrations.kubeflow.flavors.kubeflow_orchestrator_flavor import (
    KubeflowOrchestratorConfig,
    KubeflowOrchestratorFlavor,
)

from stacks.flavors.kubeflow.pods import Pod

DAY = 24 * 60 * 60


class WatchedKubeflowConfig(KubeflowOrchestratorConfig):
    """Settings of the watched Kubeflow orchestrator, beside those of ZenML's own."""

    timeout: int = Field(
        default=DAY, gt=0, description="Seconds after which a run that has not ended is ended."
    )
    poll: float = Field(default=5.0, gt=0, description="Seconds between two looks at a run.")
    patience: float = Field(
        default=120.0,
        ge=0,
        description="Seconds for which Kubeflow may not answer while a run is watched, and for "
        "which ZenML and Kubeflow may disagree about its end.",
    )
    ui_url: str | None = Field(
        default=None, description="Where a browser finds Kubeflow's pages, such as 'https://HOST'."
    )
    alone: tuple[str, ...] = Field(
        default=("train_*",),
        description="Patterns of the names of steps that have a pod of their own and run side by "
        "side; the others share one pod before and one after them. '*' gives each its own.",
    )
    pods: dict[str, Pod] = Field(
        default_factory=dict,
        description="What pods ask for, by patterns of step names: '*' for each.",
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
