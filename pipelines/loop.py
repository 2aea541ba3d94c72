"""Monitoring by a schedule, and the retraining that it starts when a verdict asks for one.

Both are static, as pipelines on a cluster are: a tick that finds nothing costs one small run, and
a retraining is a run of its own, with the pods and resources of any training.
"""

from pydantic import JsonValue
from zenml import pipeline
from zenml.enums import ExecutionMode

from pipelines.deployment import deployment
from pipelines.settings import RunConfig
from pipelines.training import training
from steps.monitoring.acting import act_on, gate_for, open_window, tell_outcome
from steps.monitoring.settings import SpanSettings
from steps.monitoring.steps import judge_window
from steps.registry.steps import resolve_champion


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def loop(
    model: str,
    span: SpanSettings,
    changes: dict[str, JsonValue],
    rules: dict[str, JsonValue],
    retraining: str,
) -> None:
    """Hold the rows that were served of late against the champion's training, and act on it.

    Args:
        changes: Settings of the judgement that differ from those of the training.
        rules: Those of the policy.
        retraining: The schedule behind which `retraining_on_demand` waits.
    """
    champion, contract = resolve_champion(model)
    window = open_window(span)
    verdict, _ = judge_window(champion, contract, window, changes)
    act_on(verdict, rules, retraining)


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def retraining_on_demand(
    config: RunConfig, commit: str, origin: str, stack: str, labels: str = ""
) -> None:
    """Train on the table as it is by then, deploy the champion, and tell what came of it.

    Args:
        commit: The commit whose code it runs.
        origin: Where the config comes from, for the run's lineage.
        labels: Where rows that came back labelled will lie; empty where none are taken.
    """
    gate = gate_for(config.model, config.gate)
    training(config, "", commit, origin, stack, labels, gate)
    deployment(config.model, config.rollout, ["promote"])
    last = "smoke" if config.rollout.strategy == "immediate" else "canary"
    tell_outcome(config.model, config.data.data, after=[last])
