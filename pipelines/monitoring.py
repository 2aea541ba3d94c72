"""From what was served to a verdict on the champion."""

from pydantic import JsonValue
from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.monitoring.settings import WindowSettings
from steps.monitoring.steps import judge_window
from steps.registry.steps import resolve_champion


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def monitoring(model: str, window: WindowSettings, changes: dict[str, JsonValue]) -> None:
    """Hold a window of served rows against the champion's training."""
    champion, contract = resolve_champion(model)
    judge_window(champion, contract, window, changes)
