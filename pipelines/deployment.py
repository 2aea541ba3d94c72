"""From the champion to a model that answers."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.deployment.steps import check_export, deploy, smoke
from steps.registry.steps import resolve_champion


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def deployment(model: str) -> None:
    """Deploy the champion: resolve it, check its export, serve it, ask it."""
    champion, _ = resolve_champion(model)
    export = check_export(champion)
    served = deploy(champion, export)
    smoke(champion, served)
