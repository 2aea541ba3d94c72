"""The flavor `airflow_watched`: ZenML's own orchestrator for Airflow, held to account."""

from pydantic import Field
from zenml.integrations.airflow.flavors.airflow_orchestrator_flavor import (
    AirflowOrchestratorConfig,
    AirflowOrchestratorFlavor,
)
from zenml.utils.secret_utils import SecretField

DAY = 24 * 60 * 60


class WatchedAirflowConfig(AirflowOrchestratorConfig):
    """Settings of the watched Airflow orchestrator, beside those of ZenML's own."""

    # ZenML would mount the stores of this machine into the steps.
    local: bool = False
    url: str = Field(description="Where Airflow's API server answers, such as 'http://HOST:8080'.")
    username: str | None = SecretField(default=None)
    password: str | None = SecretField(default=None)
    token: str | None = SecretField(default=None)
    network: str = Field(
        default="bridge",
        description="The Docker network of the containers; `host` reaches, on Linux, services of "
        "this machine at 127.0.0.1.",
    )
    kubeconfig: str | None = Field(
        default=None,
        description="A kubeconfig on the machines of Airflow's workers, which containers see and "
        "cannot change: a step that deploys to a cluster finds it by that.",
    )
    file_mode: str = Field(
        default="640",
        pattern="^[0-7]{3}$",
        description="Who may read a DAG's file, which holds the token of its steps.",
    )
    alone: tuple[str, ...] = Field(
        default=("train_*",),
        description="Patterns of the names of steps that have a container of their own and run "
        "side by side; the others share one before and one after them. '*' gives each its own.",
    )
    pickup: float = Field(
        default=600.0,
        gt=0,
        description="Seconds in which Airflow must have begun with a DAG; by its own default it "
        "looks for new files every 300 seconds.",
    )
    timeout: int = Field(
        default=DAY, gt=0, description="Seconds after which a run that has not ended is ended."
    )
    poll: float = Field(default=5.0, gt=0, description="Seconds between two looks at a run.")
    patience: float = Field(
        default=120.0,
        ge=0,
        description="Seconds for which Airflow may not answer while a run is watched, and for "
        "which ZenML and Airflow may disagree about its end.",
    )


class WatchedAirflowFlavor(AirflowOrchestratorFlavor):
    """The flavor that ZenML knows as `airflow_watched`."""

    @property
    def name(self) -> str:
        """The name that stack files use."""
        return "airflow_watched"

    @property
    def config_class(self) -> type[WatchedAirflowConfig]:
        """The settings that a component of this flavor takes."""
        return WatchedAirflowConfig

    @property
    def implementation_class(self) -> type:
        """The orchestrator itself."""
        from stacks.flavors.airflow.orchestrator import WatchedAirflowOrchestrator

        return WatchedAirflowOrchestrator
