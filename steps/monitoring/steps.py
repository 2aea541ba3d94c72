"""The step that reports how alike the training rows and the held-out rows are."""

import json
from collections.abc import Callable
from functools import partial
from typing import Annotated

from pydantic import JsonValue
from zenml import step
from zenml.logger import get_logger
from zenml.types import HTMLString

from serving.errors import ConfigError, RunError
from serving.schema import TableSchema
from serving.spec import Logged
from steps.caching import page_of
from steps.data.dtypes import as_text
from steps.data.finding import Checks
from steps.data.settings import SourceSettings, SplitSettings
from steps.data.source import read_table
from steps.data.stored import StoredTable
from steps.deployment.deployer import active_deployer
from steps.evaluation.settings import GateSettings
from steps.labelling.feedback import known_labels
from steps.labelling.kept import kept_labels
from steps.monitoring.drawing import Drawing
from steps.monitoring.evidence import keep_report, keep_verdict, training_rows, wanted
from steps.monitoring.judgement import judge
from steps.monitoring.log import log_parts, sent_labels
from steps.monitoring.page import render
from steps.monitoring.part import Labels
from steps.monitoring.performance import measure, trained_as
from steps.monitoring.profile import PROFILE, Profile, watched
from steps.monitoring.report import DATA_REPORT, EVIDENTLY_REPORT, DriftReport
from steps.monitoring.settings import MonitoringSettings, ReportSettings, WindowSettings
from steps.monitoring.verdict import Verdict
from steps.monitoring.window import Window, gather, labels_of
from steps.registry.registry import local_path
from steps.registry.tracking import open_registry
from steps.registry.version import Champion, Version

logger = get_logger(__name__)


@step(experiment_tracker=True, cache_policy=page_of("steps.monitoring.drift", "steps.data.report"))
def report_drift(
    train_rows: StoredTable,
    test_rows: StoredTable,
    schema: TableSchema,
    checks: Checks,
    split: SplitSettings,
    report: ReportSettings,
    seed: int,
) -> tuple[Annotated[DriftReport, "drift"], Annotated[HTMLString, "data_report"]]:
    """Compare the held-out rows with the training rows, and tell of the table on one page.

    The page goes to MLflow too, and Evidently's own beside it.
    """
    import mlflow

    from steps.data.report import render as render_data
    from steps.monitoring.drift import compare_rows

    drift, page = compare_rows(train_rows, test_rows, schema, rows=report.rows, seed=seed)
    mlflow.log_text(page, EVIDENTLY_REPORT)
    uri = mlflow.get_artifact_uri(EVIDENTLY_REPORT)
    drift = drift.model_copy(update={"report": local_path(uri)})
    told = render_data(train_rows, test_rows, schema, checks, split, drift)
    mlflow.log_text(told, DATA_REPORT)
    logger.info("%d of %d columns drifted", len(drift.drifted), len(drift.columns))
    return drift, HTMLString(told)


@step(enable_cache=False)
def judge_window(
    champion: Champion,
    contract: str,
    window: WindowSettings,
    changes: dict[str, JsonValue],
) -> tuple[Annotated[Verdict, "verdict"], Annotated[HTMLString, "verdict_report"]]:
    """Hold what the champion saw and answered in a window against its training.

    Args:
        contract: The champion's schema.json.
        changes: Settings of the monitoring that differ from those of the champion's training.
    """
    version = champion.version
    if version is None:
        raise RunError(f"'{champion.model}' has no champion to watch: none has passed yet.")
    registry, schema = open_registry(), TableSchema.from_json(contract)
    settings, gate = settings_of(registry.text_of(version, "config.json"), changes)
    profile = Profile.from_json(registry.text_of(version, PROFILE))
    trained = partial(training_rows, version)
    with Drawing(trained, profile, watched(schema), settings) as drawing:
        read = partial(gather, profile=profile, slices=gate.slices, seen=drawing.look)
        given, found = read_window(version, window, schema, settings, read)
        before = trained_as(registry.text_of(version, "evaluations.json"), version.digest)
        performance = measure(found, schema, before, gate, settings)
        verdict = judge(
            found, profile, performance, settings, model=champion.model, version=version.version,
            since=window.since, until=window.until, labels=given,
        )  # fmt: skip
        if not wanted(verdict.outcome, settings):
            return verdict, HTMLString(render(verdict, profile, found, schema))
        draw = partial(drawing.page, found.sample.rows)
        place, why = keep_report(registry, version, draw, verdict.until)
    verdict = verdict.model_copy(update={"report": place, "unreported": why})
    page = render(verdict, profile, found, schema)
    keep_verdict(registry, version, page, verdict.until)
    return verdict, HTMLString(page)


def settings_of(
    config: str, changes: dict[str, JsonValue]
) -> tuple[MonitoringSettings, GateSettings]:
    """How a champion's training wants it watched, with what differs, and how it was gated.

    Args:
        config: The text of the training's `config.json`.
    """
    trained = json.loads(config)
    watching = MonitoringSettings(**{**trained.get("monitoring", {}), **changes})
    return watching, GateSettings(**trained["gate"])


def read_window(
    version: Version,
    window: WindowSettings,
    schema: TableSchema,
    settings: MonitoringSettings,
    read: Callable[..., Window],
) -> tuple[Labels, Window]:
    """The labels that were handed over for a window, and what its log and all labels add up to.

    Args:
        read: `gather`, told what the champion's training left behind.
    """
    given, (uri, options) = read_labels(window, schema), log_store()
    sent = sent_labels(uri, version.model, window.since, options)
    labels = {**known_labels(sent, kept_labels(version).read(), schema), **given}
    log = log_parts(uri, version.model, window.since, window.until, watched(schema), options)
    sampled = 0 if settings.report == "never" else settings.report_rows
    found = read(log, schema=schema, version=version.version, labels=labels, sampled=sampled)
    return given, found


def log_store() -> tuple[str, dict[str, object]]:
    """Where the active stack's servers ship what they answered.

    Raises:
        ConfigError: Nowhere.
    """
    deployer = active_deployer()
    uri, options = deployer.log_store() if isinstance(deployer, Logged) else ("", {})
    if not uri:
        raise ConfigError(
            "The active stack's model deployer keeps no prediction log: take `log_uri: ''` out of "
            "its configuration, or choose a flavor that ships one."
        )
    return uri, dict(options)


def read_labels(window: WindowSettings, schema: TableSchema) -> Labels:
    """The labels that were handed over, by request id and row."""
    if not window.labels:
        return {}
    source = SourceSettings(data=window.labels, query=window.query)
    table, name = read_table(source), window.label or schema.target
    if schema.classes and name in table.columns:
        # By their names, as the labels are that come by other ways.
        table[name] = as_text(table[name])
    return labels_of(table, name)
