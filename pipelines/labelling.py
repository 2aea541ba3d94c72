"""From what was served to the rows that are worth a label, and to those that have one."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.labelling.settings import QueueSettings
from steps.labelling.steps import keep_feedback, queue_rows
from steps.registry.steps import resolve_champion


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def labelling(model: str, settings: QueueSettings) -> None:
    """Ask for the labels that would tell the champion most."""
    champion, contract = resolve_champion(model)
    queue_rows(champion, contract, settings)


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def keeping(model: str, settings: QueueSettings) -> None:
    """Keep the labels that servers were sent for the next training."""
    champion, contract = resolve_champion(model)
    keep_feedback(champion, contract, settings)
