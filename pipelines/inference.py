"""From a table to its predictions."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.inference.settings import PredictionSettings
from steps.inference.steps import predict_rows
from steps.registry.steps import resolve_champion


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def inference(model: str, settings: PredictionSettings, version: str = "") -> None:
    """Predict a table with the champion, or with the version asked for."""
    champion, _ = resolve_champion(model)
    predict_rows(champion, settings, version)
