"""The step that predicts a table."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from zenml import step

from serving.errors import RunError
from serving.model import Model
from steps.inference.predict import predict_table
from steps.inference.settings import Predictions, PredictionSettings
from steps.progress import teller
from steps.registry.tracking import open_registry
from steps.registry.version import Champion


@step(enable_cache=False)
def predict_rows(
    champion: Champion, settings: PredictionSettings, version: str = ""
) -> Annotated[Predictions, "predictions"]:
    """Predict a table with the champion, or with the version asked for, from its ONNX model."""
    registry = open_registry()
    chosen = registry.version(champion.model, version) if version else champion.version
    if chosen is None:
        raise RunError(f"'{champion.model}' has no champion to predict with: none has passed yet.")
    with TemporaryDirectory() as scratch:
        bundle = registry.fetch(chosen, Path(scratch))
        model = Model.load(bundle, digest=chosen.digest)
    return predict_table(model, settings, teller("rows"))
