"""Monitoring at times of its own, on a stack that keeps schedules."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from commands.console import console_for
from commands.environment import prepare
from commands.monitor import changes_of, labels_at, rules_of
from commands.schedule import labels_of, require_elsewhere, say, submit
from commands.trained import trained_config
from pipelines.settings import RunConfig, parse_overrides
from serving.errors import ConfigError, RunError
from stacks.flavors.kubeflow.cron import six_fields
from steps.data.location import lies_here
from steps.monitoring.settings import SpanSettings

# It is disabled, so that nothing but a verdict starts it; these times stand there for nothing.
NEVER = "0 0 1 1 *"


def make(options: argparse.Namespace) -> int:
    """Let the active stack, or the one asked for, judge and act at these times."""
    six_fields(options.schedule)
    if options.times:
        raise ConfigError("--times is for --every: a schedule ends by `python run.py unschedule`.")
    span = SpanSettings(
        since=options.since,
        labels=labels_at(options),
        query=options.query,
        label=options.label,
    )
    span.window(datetime.now(UTC))
    if span.labels and lies_here(span.labels):
        raise ConfigError(
            f"--labels '{span.labels}' is a file of this machine, and a schedule's steps run on "
            "others: name an object store's URI or a database's URL."
        )
    overrides = parse_overrides(options.set)
    changes, rules = changes_of(overrides), rules_of(overrides)
    from stacks.startup import leave_frameworks_out, loading

    with loading():
        prepare(verbose=options.verbose)
        stack, config, origin = place(options)
        config = fresh(config, console_for(options))
    leave_frameworks_out()
    looks = {"model": config.model, "span": span, "changes": changes, "rules": rules}
    keep(config, looks, origin, stack, options.schedule)
    from stacks.schedules import WATCHED, loop_name

    what = WATCHED.format(model=config.model)
    return say(loop_name(config.model), what, stack, options)


def place(options: argparse.Namespace) -> tuple[str, RunConfig, str]:
    """The stack that keeps it, and what its champion was trained with.

    Raises:
        ConfigError: The stack keeps no schedules, the model is watched already, or has no champion.
    """
    from commands.stack import use
    from commands.versions import choose_model
    from stacks.check import stack_file
    from stacks.registered import active_stack_name
    from stacks.schedules import loop_name, on_demand_name, require_free, require_starter
    from steps.deployment.deployer import active_deployer, require_trials
    from steps.monitoring.steps import log_store
    from steps.registry import aliases
    from steps.registry.tracking import open_registry

    require_starter(stack_file(options.stack or active_stack_name()))
    stack, registry = use(options.stack), open_registry()
    model = choose_model(registry, options.model)
    for name in (loop_name(model), on_demand_name(model)):
        require_free(name)
    version = aliases.champion(registry, model)
    if version is None:
        raise RunError(f"'{model}' has no champion to watch: none has passed yet.")
    config = trained_config(registry, version)
    require_elsewhere(config.data.data)
    require_trials(active_deployer(), config.rollout)
    log_store()
    return stack, config, f"version {version.version} of {model}"


def fresh(config: RunConfig, console: Console) -> RunConfig:
    """The config with a new copy of its table where that was a file of this machine.

    What a retraining reads then is told, since no tick can see the file.
    """
    from commands.reach import within_reach
    from steps.data.copies import age_told, as_it_is_now

    data, _ = as_it_is_now(config.data.data)
    if data != config.data.data:
        config = config.reading(within_reach(data, "", console).data)
    if age := age_told(config.data.data):
        console.print(f"Of each retraining: {escape(age)}", highlight=False, soft_wrap=True)
    return config


def keep(config: RunConfig, looks: dict[str, Any], origin: str, stack: str, cron: str) -> None:
    """Hand over the retraining, which waits, and then the looks that may start it.

    Raises:
        SwitchyardError: One was not taken; then neither is kept.
    """
    from commands.execution import git_commit
    from pipelines.loop import loop, retraining_on_demand
    from stacks.schedules import WAITING, end_named, loop_name, on_demand_name

    model, waiting = config.model, on_demand_name(config.model)
    trains = {"config": config, "commit": git_commit(), "origin": origin, "stack": stack}
    trains |= {"labels": labels_of(config)}
    submit(
        retraining_on_demand,
        trains,
        name=waiting,
        cron=NEVER,
        config=config,
        extra={WAITING: True},
    )
    try:
        submit(
            loop, {**looks, "retraining": waiting}, name=loop_name(model), cron=cron, config=config
        )
    except BaseException:
        end_named(waiting)
        raise
