"""From the champion to a model that answers."""

from collections.abc import Sequence

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.deployment.canary import canary
from steps.deployment.settings import RolloutSettings
from steps.deployment.steps import check_export, deploy, smoke
from steps.registry.steps import resolve_champion

IMMEDIATE = RolloutSettings()


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def deployment(model: str, rollout: RolloutSettings = IMMEDIATE, after: Sequence[str] = ()) -> None:
    """Deploy the champion: resolve it, check its export, serve it, ask it.

    A canary or a shadow then watches it beside the version that serves, and finishes or rolls back.

    Args:
        after: The steps of a pipeline around this one that come before all of these.
    """
    champion, _ = resolve_champion(model, after=list(after))
    # After a training whose first challenger was refused there is nothing to deploy, and no error.
    export = check_export(champion, needed=not after)
    served = deploy(champion, export, rollout)
    answer = smoke(champion, served)
    if rollout.strategy != "immediate":
        canary(champion, served, answer, rollout)
