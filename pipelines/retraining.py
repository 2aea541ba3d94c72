"""What a schedule starts: the whole main job as one pipeline, which nobody has to watch."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from pipelines.deployment import deployment
from pipelines.settings import RunConfig
from pipelines.training import training


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def retraining(
    config: RunConfig, commit: str, origin: str, stack: str, deploys: bool = True, labels: str = ""
) -> None:
    """Train on the table as it is by then, and deploy whichever version is champion after that.

    Args:
        commit: The commit whose code every tick runs.
        origin: Where the config comes from, for the run's lineage.
        labels: Where rows that came back labelled will lie; empty where none are taken.
    """
    training(config, "", commit, origin, stack, labels)
    if deploys:
        deployment(config.model, config.rollout, ["promote"])
