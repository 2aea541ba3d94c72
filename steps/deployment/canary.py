"""The step that watches a version on trial and lets it take over or gives it up."""

import time
from collections.abc import Callable
from typing import Annotated

from zenml import get_step_context, log_metadata, step
from zenml.logger import get_logger
from zenml.types import HTMLString

from serving.errors import DeployError
from serving.spec import Endpoint, Observation, Trials
from steps.deployment.deployer import active_deployer, trials_of
from steps.deployment.moments import Moment, kept
from steps.deployment.report import headline, render
from steps.deployment.rollout import Rollout, at_once, hopeless, judge, nothing
from steps.deployment.settings import RolloutSettings
from steps.deployment.smoke import Smoke
from steps.deployment.steps import Deployment, ask_version, required
from steps.registry import aliases
from steps.registry.recording import keep_page
from steps.registry.registry import Registry
from steps.registry.tracking import mark_production, open_registry
from steps.registry.version import Champion, Version

POLL = 1.0
# Where pages lie in the MLflow run that a version was trained in.
FOLDER = "rollout"

logger = get_logger(__name__)


@step(enable_cache=False)
def canary(
    champion: Champion, deployment: Deployment, answer: Smoke, rollout: RolloutSettings
) -> tuple[Annotated[Rollout, "rollout"], Annotated[HTMLString, "rollout_report"]]:
    """Watch the version on trial to the end of its window, then finish it or roll it back.

    Args:
        answer: What it answered before the first look.
    """
    if champion.version is None and not deployment.version:
        decision = nothing(champion.model, rollout.strategy)
        return decision, HTMLString(render(decision, rollout))
    version = required(champion)
    if not deployment.tried:
        decision = at_once(version.model, version.version, deployment.before, rollout.strategy)
        decision = decision.model_copy(update={"answer": answer})
    else:
        trials, registry = trials_of(active_deployer()), open_registry()
        decision = watch(trials, version, rollout, logger.info)
        serves = carry_out(decision, trials, registry, version, _run_name())
        asked = ask_version(deployment, registry, serves)
        decision = decision.model_copy(update={"answer": asked})
    facts = {"rollout": decision.outcome, "serves": decision.serves, "why": decision.reasons[0]}
    log_metadata(facts, run_id_name_or_prefix=get_step_context().pipeline_run.id)
    page = render(decision, rollout)
    name = f"{FOLDER}/{_run_name()}.html"
    if lost := keep_page(open_registry().client, version.run_id, page, name):
        logger.warning("The page is not in MLflow: %s", lost)
    return decision, HTMLString(page)


def watch(
    trials: Trials, version: Version, settings: RolloutSettings, say: Callable[[str], None]
) -> Rollout:
    """Judge a trial at the end of its window; the trial ends with whatever ends the watching.

    Raises:
        DeployError: The trial was ended by something else.
    """
    try:
        seen, moments = _wait(trials, version, settings, say)
    except BaseException:
        _give_up(trials, version)
        raise
    told = {"seconds": moments[-1].seconds, "moments": tuple(moments)}
    return judge(seen, settings).model_copy(update=told)


def carry_out(
    decision: Rollout, trials: Trials, registry: Registry, version: Version, run: str
) -> Version:
    """Let the version on trial take over, or the champion before it return; who serves now.

    Raises:
        ChampionMovedError: Another run has moved the champion since the trial began.
    """
    said = f"{headline(decision)}. {' '.join(decision.reasons)}"
    if decision.outcome == "finish":
        trials.finish(version.model)
        registry.tag(version, "rollout", said)
        return version
    trials.withdraw(version.model)
    registry.tag(version, "rollout", said)
    before = aliases.rollback(
        registry,
        version.model,
        decision.before,
        by="canary",
        reason=" ".join(decision.reasons),
        run=run,
        expected=version.version,
    )
    mark_production(before)
    return before


def progress(seen: Observation, settings: RolloutSettings, seconds: float) -> str:
    """How far a trial has come, in one line."""
    window = settings.window
    agreed = f", {seen.agreed / seen.compared:.1%} agreement" if seen.compared else ""
    failed = f", {seen.trial.errors:,} failed" if seen.trial.errors else ""
    return (
        f"{seen.traffic.mode} of version {seen.trial.version}: {seen.trial.requests:,} of "
        f"{window.requests:,} requests, {seconds:.0f} of {window.seconds:g} s{agreed}{failed}"
    )


def _wait(
    trials: Trials, version: Version, settings: RolloutSettings, say: Callable[[str], None]
) -> tuple[Observation, list[Moment]]:
    """The last observation of the window, and what was seen on the way to it."""
    began, window, moments = time.monotonic(), settings.window, list[Moment]()
    while True:
        seen = trials.observe(version.model)
        if seen is None or seen.trial.version != version.version:
            raise DeployError(
                f"The trial of version {version.version} ended before its window did: another "
                "command ended it, or the server was started again. `python run.py status` shows "
                "what serves, and the next run tries the champion again."
            )
        seconds = time.monotonic() - began
        say(progress(seen, settings, seconds))
        moments = kept([*moments, Moment.of(seen, seconds)])
        ended = seen.trial.requests >= window.requests or seconds >= window.seconds
        if ended or hopeless(seen, settings):
            return seen, moments
        time.sleep(min(POLL, max(window.seconds - seconds, 0.0)))


def _give_up(trials: Trials, version: Version) -> Endpoint | None:
    """End the trial of that version, and no other's."""
    seen = trials.observe(version.model)
    if seen is None or seen.trial.version != version.version:
        return None
    return trials.withdraw(version.model)


def _run_name() -> str:
    return str(get_step_context().pipeline_run.name)
