"""From what was served to the rows that are worth a label."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.labelling.settings import QueueSettings
from steps.labelling.steps import queue_rows
from steps.registry.steps import resolve_champion


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def labelling(model: str, settings: QueueSettings) -> None:
    """Ask for the labels that would tell the champion most."""
    champion, contract = resolve_champion(model)
    queue_rows(champion, contract, settings)
