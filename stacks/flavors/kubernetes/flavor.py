"""The flavor `kubernetes_watched`: ZenML's own orchestrator for Kubernetes, held to account."""

from pydantic import Field
from zenml.integrations.kubernetes.flavors.kubernetes_orchestrator_flavor import (
    KubernetesOrchestratorConfig,
    KubernetesOrchestratorFlavor,
    KubernetesOrchestratorSettings,
)
from zenml.utils.deprecation_utils import deprecate_pydantic_attributes

from stacks.flavors.dealing.settings import DealingConfig

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


class WatchedKubernetesConfig(
    DealingConfig, WatchedKubernetesSettings, KubernetesOrchestratorConfig
):
    """Settings of the watched Kubernetes orchestrator, beside those of ZenML's own."""

    # Whoever may see a job would see the token with which its pods talk to ZenML.
    pass_zenml_token_as_secret: bool = True


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
