"""The steps between a decision and the registry."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from pydantic import JsonValue
from zenml import get_step_context, log_metadata, step
from zenml.types import HTMLString

from serving.bundle import write_bundle
from steps.caching import code_of, page_of
from steps.config import Settings
from steps.data.finding import Checks
from steps.data.hashing import table_digest
from steps.data.settings import SplitSettings
from steps.data.stored import StoredTable, Table
from steps.evaluation.comparison import last_time
from steps.evaluation.evaluation import Decision, Evaluations
from steps.monitoring.profile import PROFILE, profile_of
from steps.monitoring.report import DriftReport
from steps.pages.live import LIVE, live
from steps.registry import aliases
from steps.registry.environment import environment
from steps.registry.history import CHALLENGER, CHAMPION
from steps.registry.lineage import Lineage
from steps.registry.recording import keep_data_report, record_run
from steps.registry.registry import Registry, local_path
from steps.registry.tracking import mark_production, open_registry, zenml_version
from steps.registry.version import Champion, Version
from steps.training.candidate import Candidate

EXAMPLE_ROWS = 5
# Its names in the MLflow run of a training: as it is, and with a script.
MODEL_REPORT, LIVE_REPORT = "model_report.html", "model_report_live.html"


class Promotion(Settings):
    """Where the aliases are after a decision.

    Args:
        version: The registered version of the challenger.
        champion: The version under the alias `champion`; empty when there is none.
    """

    model: str
    version: str
    champion: str
    outcome: str


@step(enable_cache=False)
def resolve_champion(
    model: str,
) -> tuple[Annotated[Champion, "champion"], Annotated[str, "contract"]]:
    """Ask the registry which version is champion, in every run anew, and for its schema.json."""
    registry = open_registry()
    champion = aliases.resolve(registry, model)
    if champion.version:
        # What was killed between the two is put right by whatever runs next.
        mark_production(champion.version)
    return champion, registry.schema_of(champion.version) if champion.version else ""


@step(cache_policy=code_of("steps.data.hashing"))
def trace_lineage(
    table: StoredTable, commit: str, config: str, stack: str, settings: dict[str, JsonValue]
) -> Annotated[Lineage, "lineage"]:
    """Say what the run stands on."""
    return Lineage(
        data_digest=table_digest(table),
        commit=commit,
        config=config,
        stack=stack,
        settings=settings,
    )


@step(
    experiment_tracker=True,
    cache_policy=page_of(
        "steps.registry.recording",
        "steps.training.native",
        "steps.monitoring.profile",
        "steps.pages.live",
    ),
)
def register_model(
    model: str,
    candidates: list[Candidate],
    evaluations: Evaluations,
    decision: Decision,
    champion: Champion,
    train_rows: StoredTable,
    checks: Checks,
    split: SplitSettings,
    lineage: Lineage,
    page: HTMLString,
    drift: DriftReport | None = None,
    data_page: HTMLString | None = None,
) -> Annotated[Version, "registered"]:
    """Log the training in MLflow and register the challenger, once for each digest.

    Args:
        page: The model report.
        drift: The data report, which its own step logs unless it is answered from the cache.
        champion: Which registry was asked: what went to another one is not answered from the cache.
    """
    import mlflow

    registry = open_registry()
    chosen = next(each for each in candidates if each.name == decision.challenger)
    run = mlflow.active_run()
    run_id = run.info.run_id
    record_run(registry.client, run_id, evaluations, decision, lineage)
    registry.client.log_text(run_id, page, MODEL_REPORT)
    registry.client.log_text(run_id, live(page), LIVE_REPORT)
    if drift and data_page:
        keep_data_report(registry.client, run_id, drift, data_page)
    log_metadata({LIVE: local_path(mlflow.get_artifact_uri(LIVE_REPORT))})
    registry.client.set_tag(run_id, "registry", champion.registry)
    found = registry.find_digest(model, decision.challenger_digest)
    if found is not None:
        if not registry.holds(found, PROFILE):
            log_profile(registry, found.run_id, chosen, train_rows)
        return found
    tags = version_tags(chosen, split, checks, train_rows, lineage)
    return register_candidate(registry, model, run_id, chosen, train_rows, tags)


@step(cache_policy=code_of("steps.registry.aliases"))
def promote(
    decision: Decision, registered: Version, champion: Champion
) -> Annotated[Promotion, "promotion"]:
    """Move the aliases as decided, and write down why.

    Args:
        champion: The champion that the challenger was compared with.
    """
    registry = open_registry()
    move_aliases(registry, decision, registered, champion, _run_name())
    if decision.promoted:
        mark_production(registered)
    now = aliases.champion(registry, registered.model)
    return Promotion(
        model=registered.model,
        version=registered.version,
        champion=now.version if now else "",
        outcome=decision.outcome,
    )


def move_aliases(
    registry: Registry, decision: Decision, version: Version, champion: Champion, run: str
) -> None:
    """Point `challenger` at the version, and `champion` too where it is promoted.

    Raises:
        ChampionMovedError: Another run has moved the champion since the comparison.
    """
    if decision.outcome == "unchanged":
        return
    said = " ".join(decision.reasons)
    aliases.move(registry, version, CHALLENGER, by="training", reason=said, run=run)
    if decision.promoted:
        before = champion.version.version if champion.version else ""
        aliases.move(
            registry, version, CHAMPION, by="training", reason=said, run=run, expected=before
        )


def version_tags(
    candidate: Candidate,
    split: SplitSettings,
    checks: Checks,
    train_rows: Table,
    lineage: Lineage,
) -> dict[str, str]:
    """What a later comparison and a person must know of a version."""
    return {
        **lineage.tags(),
        "environment": environment(),
        "candidate": candidate.name,
        "split": split.model_dump_json(),
        "identity": json.dumps(checks.identity),
        "trained_until": last_time(train_rows, split),
        "zenml_version": zenml_version(),
        "zenml_run": _run_name(),
    }


def register_candidate(
    registry: Registry,
    model: str,
    run_id: str,
    candidate: Candidate,
    rows: Table,
    tags: dict[str, str],
) -> Version:
    """Log the native model in the active MLflow run and register it with its bundle."""
    # scikit-learn takes a second to import, which a cached run does not have to pay.
    from steps.training.native import log_native

    info = log_native(candidate, rows.take(range(min(EXAMPLE_ROWS, len(rows)))))
    log_profile(registry, run_id, candidate, rows)
    with TemporaryDirectory() as scratch:
        bundle = Path(scratch)
        write_bundle(bundle, candidate.onnx, candidate.schema, name=model)
        return registry.register(model, run_id, info.model_uri, bundle, tags)


def log_profile(registry: Registry, run_id: str, candidate: Candidate, rows: Table) -> None:
    """Keep what later windows of served rows are compared with."""
    profile = profile_of(rows, candidate.oof, candidate.schema)
    registry.client.log_text(run_id, profile.to_json().decode(), PROFILE)


def _run_name() -> str:
    return str(get_step_context().pipeline_run.name)
