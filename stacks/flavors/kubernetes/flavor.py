"""The flavor `kubernetes_watched`: ZenML's own orchestrator for Kubernetes, held to account."""

from pydantic import Field
from zenml.integrations.kubernetes.flavors.kubernetes_orchestrator_flavor import (
    KubernetesOrchestratorConfig,
    KubernetesOrchestratorFlavor,
    KubernetesOrchestratorSettings,
)
from zenml.utils.deprecation_utils import deprecate_pydantic_attributes

from stacks.flavors.kubeflow.pods import Pod

DAY = 24 * 60 * 60
# ZenML's own takes no heed of `timeout`, and says so of whoever sets it.
UNHEEDED = (
    "stream_step_logs",
    "pod_startup_timeout",
    "pod_failure_max_retries",
    "pod_failure_retry_delay",
    "pod_failure_backoff",
    ("pod_name_prefix", "job_name_prefix"),
)


class WatchedKubernetesSettings(KubernetesOrchestratorSettings):
    """What a pipeline may ask of the orchestrator for itself."""

    timeout: int = Field(
        default=DAY, gt=0, description="Seconds after which a run that has not ended is ended."
    )
    # Of two ticks of a schedule, the second waits for the first.
    concurrency_policy: str | None = Field(default="Forbid")
    _deprecation_validator = deprecate_pydantic_attributes(*UNHEEDED)

    @property
    def limit(self) -> int:
        """The `timeout`, which read by its name would be called deprecated."""
        return int(self.__dict__["timeout"])


class WatchedKubernetesConfig(WatchedKubernetesSettings, KubernetesOrchestratorConfig):
    """Settings of the watched Kubernetes orchestrator, beside those of ZenML's own."""

    # Whoever may see a job would see the token with which its pods talk to ZenML.
    pass_zenml_token_as_secret: bool = True
    poll: float = Field(default=5.0, gt=0, description="Seconds between two looks at a run.")
    patience: float = Field(
        default=120.0,
        ge=0,
        description="Seconds for which the cluster may not answer while a run is watched, and for "
        "which ZenML and the cluster may disagree about its end.",
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


class WatchedKubernetesFlavor(KubernetesOrchestratorFlavor):
    """The flavor that ZenML knows as `kubernetes_watched`."""

    @property
    def name(self) -> str:
        """The name that stack files use."""
        return "kubernetes_watched"

    @property
    def config_class(self) -> type[WatchedKubernetesConfig]:
        """The settings that a component of this flavor takes."""
        return WatchedKubernetesConfig

    @property
    def implementation_class(self) -> type:
        """The orchestrator itself, whose import needs Kubernetes' client."""
        from stacks.flavors.kubernetes.orchestrator import WatchedKubernetesOrchestrator

        return WatchedKubernetesOrchestrator
