"""From a table to a champion: the order of the steps and nothing else."""

from typing import Any

from zenml import pipeline
from zenml.enums import ExecutionMode

from pipelines.settings import RunConfig
from steps.data.steps import load_table, split_rows, validate
from steps.evaluation.settings import GateSettings
from steps.evaluation.steps import compare, evaluate
from steps.monitoring.steps import report_drift
from steps.registry.steps import promote, register_model, resolve_champion, trace_lineage
from steps.training.steps import blend, train_candidate


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def training(
    config: RunConfig,
    fingerprint: str,
    commit: str,
    origin: str,
    stack: str,
    labels: str = "",
    gate: GateSettings | None = None,
) -> None:
    """Train every candidate and let the best one challenge the champion.

    Args:
        fingerprint: The identity of the table's source; without one the table is read anew.
        origin: Where the config comes from, for the run's lineage.
        labels: Where rows that came back labelled lie; empty where there are none.
        gate: What a step of a pipeline around this one has made of the config's gate.
    """
    champion, contract = resolve_champion(config.model)
    load = load_table if fingerprint else load_table.with_options(enable_cache=False)
    table = load(config.data, fingerprint, labels)
    lineage = trace_lineage(table, commit, origin, stack, config.computed)
    checks = validate(table, config.data.columns, config.validation, contract)
    train_rows, test_rows, schema = split_rows(table, checks, config.validation, config.split)
    drift = data_page = None
    if config.report.enabled:
        drift, data_page = report_drift(
            train_rows, test_rows, schema, checks, config.split, config.report, config.seed
        )
    candidates = train_candidates(config, train_rows, schema)
    sensitive = config.data.sensitive
    evaluations = evaluate(candidates, test_rows, config.gate, config.split, sensitive)
    decision, page = compare(
        candidates, evaluations, champion, train_rows, test_rows, checks,
        gate or config.gate, config.split, lineage, sensitive, config.card,
    )  # fmt: skip
    registered = register_model(
        config.model, candidates, evaluations, decision, champion, train_rows, checks,
        config.split, lineage, page, drift, data_page,
    )  # fmt: skip
    promote(decision, registered, champion)


def train_candidates(config: RunConfig, train_rows: Any, schema: Any) -> list[Any]:
    """A step for each candidate, and one more that blends them.

    Args:
        train_rows, schema: What the step gives that splits the rows.
    """
    metric, seed, tuning = config.gate.metric, config.seed, config.ordered_tuning
    candidates = [
        train_candidate(train_rows, schema, each, tuning, metric, seed, id=f"train_{each.name}")
        for each in config.members
    ]
    if config.ensemble.enabled and len(candidates) > 1:
        blended = blend(candidates, train_rows, schema, tuning, config.ensemble, metric, seed)
        return [*candidates, blended]
    return candidates
