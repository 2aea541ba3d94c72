"""The step that reports how alike the training rows and the held-out rows are."""

from typing import Annotated

import pandas as pd
from zenml import step
from zenml.logger import get_logger

from serving.schema import TableSchema
from steps.caching import code_of
from steps.monitoring.report import DriftReport
from steps.monitoring.settings import ReportSettings

logger = get_logger(__name__)


@step(experiment_tracker=True, cache_policy=code_of("steps.monitoring.drift"))
def report_drift(
    train_rows: pd.DataFrame,
    test_rows: pd.DataFrame,
    schema: TableSchema,
    report: ReportSettings,
    seed: int,
) -> Annotated[DriftReport, "drift"]:
    """Compare the held-out rows with the training rows; Evidently's page goes to MLflow."""
    import mlflow

    from steps.monitoring.drift import compare_rows

    drift, page = compare_rows(train_rows, test_rows, schema, rows=report.rows, seed=seed)
    mlflow.log_text(page, "drift.html")
    logger.info("%d of %d columns drifted", len(drift.drifted), len(drift.columns))
    return drift
