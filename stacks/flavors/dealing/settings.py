"""What the settings of orchestrators on a cluster share."""

from pydantic import BaseModel, Field

from stacks.flavors.dealing.pods import Pod


class DealingConfig(BaseModel):
    """How steps are dealt to pods, and how closely a run is watched."""

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
