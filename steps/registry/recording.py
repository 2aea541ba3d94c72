"""What an MLflow run says of a training: its lineage, its candidates and its decision."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING, Any

from steps.evaluation.evaluation import Decision, Evaluation, Evaluations
from steps.monitoring.report import DATA_REPORT, EVIDENTLY_REPORT, DriftReport
from steps.registry.lineage import Lineage

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)
PARENT, NAME = "mlflow.parentRunId", "mlflow.runName"


def record_run(
    client: MlflowClient,
    run_id: str,
    evaluations: Evaluations,
    decision: Decision,
    lineage: Lineage,
) -> None:
    """Log a training: the challenger's measures in the run itself, each candidate in a child."""
    for key, value in lineage.tags().items():
        client.set_tag(run_id, key, value)
    client.log_dict(run_id, lineage.settings, "config.json")
    client.set_tag(run_id, "outcome", decision.outcome)
    challenger = evaluations.of(evaluations.challenger)
    _log(client, run_id, _parameters(challenger), _measures(challenger))
    client.log_dict(run_id, decision.model_dump(mode="json"), "decision.json")
    client.log_dict(run_id, evaluations.model_dump(mode="json"), "evaluations.json")
    held = client.get_run(run_id).info.experiment_id
    for evaluation in evaluations.candidates:
        _record_candidate(client, held, run_id, evaluation)


def keep_page(client: MlflowClient, run_id: str, page: str, name: str) -> str:
    """Keep a page beside a version; why it could not be kept, which ends nothing.

    Args:
        run_id: The run in which the version was trained, which may be gone by now.
    """
    try:
        client.log_text(run_id, page, name)
    except Exception as error:  # Each kind of store has errors of its own.
        return f"{type(error).__name__}: {error}"[:300]
    return ""


def keep_data_report(client: MlflowClient, run_id: str, drift: DriftReport, page: str) -> None:
    """Have the report on the data in this run too, where another training's was taken over.

    Evidently's page is copied from that one's run; what is gone by now is told and ends nothing.
    """
    from mlflow.artifacts import load_text

    held = {each.path for each in client.list_artifacts(run_id)}
    if DATA_REPORT not in held:
        client.log_text(run_id, page, DATA_REPORT)
    if EVIDENTLY_REPORT in held or not drift.report:
        return
    try:
        text = load_text(drift.report)
    except Exception as error:  # Each kind of store has errors of its own.
        logger.warning("Evidently's page is not copied: %s: %s", type(error).__name__, error)
        return
    if lost := keep_page(client, run_id, text, EVIDENTLY_REPORT):
        logger.warning("Evidently's page is not in MLflow: %s", lost)


def abandon(client: MlflowClient, name: str) -> None:
    """End the MLflow runs of a training whose process was killed.

    Args:
        name: The name of the pipeline run, which is theirs too.
    """
    held = [each.experiment_id for each in client.search_experiments()]
    named = client.search_runs(held, f"tags.`{NAME}` = '{name}'")
    for run in named:
        inner = client.search_runs(held, f"tags.`{PARENT}` = '{run.info.run_id}'")
        for each in (run, *inner):
            if each.info.status == "RUNNING":
                client.set_terminated(each.info.run_id, "KILLED")


def _record_candidate(
    client: MlflowClient, experiment: str, parent: str, evaluation: Evaluation
) -> None:
    """Log one candidate in a child run of its own; a retried step finds the one it made."""
    child = _child(client, experiment, parent, evaluation.candidate)
    _log(client, child, _parameters(evaluation), _measures(evaluation))
    client.set_tag(child, "digest", evaluation.digest)
    client.set_terminated(child)


def _child(client: MlflowClient, experiment: str, parent: str, name: str) -> str:
    asked = f"tags.`{PARENT}` = '{parent}' and tags.candidate = '{name}'"
    found = client.search_runs([experiment], asked, max_results=1)
    if found:
        return str(found[0].info.run_id)
    tags = {PARENT: parent, NAME: name, "candidate": name}
    return str(client.create_run(experiment, tags=tags).info.run_id)


def _log(
    client: MlflowClient, run_id: str, parameters: Mapping[str, str], measures: Mapping[str, float]
) -> None:
    from mlflow.entities import Metric, Param

    now = int(time() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, now, 0) for key, value in measures.items()],
        params=[Param(key, value) for key, value in parameters.items()],
    )


def _parameters(evaluation: Evaluation) -> dict[str, str]:
    told: dict[str, Any] = {"kind": evaluation.kind, **evaluation.parameters}
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in told.items()
    }


def _measures(evaluation: Evaluation) -> dict[str, float]:
    """Each metric with its bounds, the cross-validated score and the seconds."""
    measures = {"seconds": evaluation.seconds}
    if evaluation.cv_scores:
        measures["cv_score"] = evaluation.cv_score
    for score in evaluation.scores:
        parts = {"": score.value, "_low": score.low, "_high": score.high}
        measures |= {
            score.metric + suffix: value for suffix, value in parts.items() if value is not None
        }
    return measures
