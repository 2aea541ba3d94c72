"""The steps of a monitoring that nobody watches: open its window, act on its verdict, tell."""

import json
from datetime import UTC, datetime
from typing import Annotated, Protocol, runtime_checkable

from pydantic import JsonValue
from zenml import get_step_context, log_metadata, step
from zenml.logger import get_logger

from serving.errors import ConfigError
from steps.config import Settings
from steps.evaluation.settings import GateSettings
from steps.monitoring.alerts import alert, headline
from steps.monitoring.choice import choose
from steps.monitoring.settings import Act, PolicySettings, SpanSettings, WindowSettings
from steps.monitoring.verdict import Verdict
from steps.registry.claims import last_reason
from steps.registry.tracking import open_registry

logger = get_logger(__name__)


class Acted(Settings):
    """What followed a verdict.

    Args:
        told: By which way somebody was told; empty where nobody was.
        run: Where the retraining that was started can be watched; empty where none was.
    """

    act: Act
    reason: str
    told: str = ""
    run: str = ""


@runtime_checkable
class Starts(Protocol):
    """A component of a stack that keeps pipelines which wait to be started."""

    def start_kept(self, schedule: str) -> str:
        """Start the pipeline behind a schedule once, now; says where its run can be watched."""


@step(enable_cache=False)
def open_window(span: SpanSettings) -> Annotated[WindowSettings, "window"]:
    """Which rows are looked at, counted back from now."""
    return span.window(datetime.now(UTC))


@step(enable_cache=False)
def act_on(
    verdict: Verdict, rules: dict[str, JsonValue], retraining: str
) -> Annotated[Acted, "action"]:
    """Do what the policy says: nothing, tell somebody, or start the retraining that waits.

    Args:
        rules: Values of the policy that differ from those of the champion's training.
        retraining: The schedule whose pipeline retrains the model.
    """
    registry, document = open_registry(), verdict.model_dump(mode="json")
    version = registry.version(verdict.model, verdict.version)
    trained = json.loads(registry.text_of(version, "config.json")).get("monitoring", {})
    policy = PolicySettings(**{**trained.get("policy", {}), **rules})
    # Before a retraining is claimed, which none that follows soon after may be.
    keeper = starter()
    action = choose(registry, verdict.model, verdict.outcome, policy)
    acted = Acted(act=action.act, reason=action.reason)
    if action.act == "alert":
        acted = acted.model_copy(
            update={"told": alert(headline(document, action.reason), document)}
        )
    if action.act == "retrain":
        where = keeper.start_kept(retraining)
        way = alert(headline(document, f"A retraining has begun: {where}"), document)
        acted = acted.model_copy(update={"run": where, "told": way})
    logger.info("%s: %s", acted.act, acted.reason)
    log_metadata(
        {"verdict": verdict.outcome, "act": acted.act, "why": acted.reason},
        run_id_name_or_prefix=get_step_context().pipeline_run.id,
    )
    return acted


@step(enable_cache=False)
def gate_for(model: str, gate: GateSettings) -> Annotated[GateSettings, "gate"]:
    """The gate of a retraining: after a drift a challenger need only be shown not to be worse.

    It has seen what the champion has not.
    """
    drifted = last_reason(open_registry(), model) == "drift"
    return gate.model_copy(update={"mode": "not_worse"}) if drifted else gate


@step(enable_cache=False)
def tell_outcome(model: str, data: str = "") -> None:
    """Tell what a retraining came to, as an alert is told.

    Args:
        data: Where its table was read.
    """
    from zenml.client import Client

    from steps.data.copies import age_told

    run = Client().get_pipeline_run(get_step_context().pipeline_run.id)
    promotion = run.steps["promote"].outputs["promotion"][0].load()
    text = f"{model} was retrained: version {promotion.version}, {promotion.outcome}"
    champion = promotion.champion
    if "canary" in run.steps:
        rollout = run.steps["canary"].outputs["rollout"][0].load()
        text, champion = f"{text}, rollout: {rollout.outcome}", rollout.serves
    text = f"{text}; the champion is version {champion}. {age_told(data)}".rstrip()
    alert(text, {"model": model, **promotion.model_dump(mode="json")})


def starter() -> Starts:
    """What of the active stack starts what it keeps.

    Raises:
        ConfigError: Nothing does.
    """
    from zenml.client import Client

    stack = Client().active_stack
    for component in stack.components.values():
        if isinstance(component, Starts):
            return component
    raise ConfigError(
        f"Nothing in the stack '{stack.name}' keeps pipelines that it could start: "
        "`python run.py loop` acts on a laptop."
    )
