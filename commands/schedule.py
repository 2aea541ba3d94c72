"""The main job at times of its own, and the end of that."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from commands.console import print_json
from commands.environment import prepare
from pipelines.settings import RunConfig
from serving.errors import ConfigError, RunError, SwitchyardError
from stacks.flavors.kubeflow.cron import six_fields
from steps.data.location import lies_here, masked
from steps.training.settings import spare_packages

if TYPE_CHECKING:
    from stacks.schedules import Kept


def make(options: argparse.Namespace, config: RunConfig, origin: str) -> int:
    """Let the active stack, or the one asked for, carry the main job out at these times."""
    # It refuses what is no schedule; each orchestrator makes of the five fields what it reads.
    six_fields(options.schedule)
    require_elsewhere(config.data.data)
    from stacks.startup import leave_frameworks_out, loading

    with loading():
        prepare(verbose=options.verbose)
        from commands.stack import use
        from stacks.check import stack_file
        from stacks.registered import active_stack_name
        from stacks.schedules import require_free, require_keeper
        from steps.deployment.deployer import active_deployer, require_trials

        require_keeper(stack_file(options.stack or active_stack_name()))
        require_free(config.model)
        stack = use(options.stack)
        if not options.no_deploy:
            require_trials(active_deployer(), config.rollout)
    leave_frameworks_out()
    from commands.execution import git_commit
    from pipelines.retraining import retraining

    submit(
        retraining,
        {
            "config": config,
            "commit": git_commit(),
            "origin": origin,
            "stack": stack,
            "deploys": not options.no_deploy,
            "labels": labels_of(config),
        },
        name=config.model,
        cron=options.schedule,
        config=config,
        **({"enable_cache": False} if options.no_cache else {}),
    )
    return say(config.model, f"'{config.model}' is trained and deployed", stack, options)


def labels_of(config: RunConfig) -> str:
    """Where rows that come back labelled will lie; empty where none are taken."""
    from commands.reach import require_labels_in_reach
    from stacks.check import registered_file
    from stacks.registered import active_stack_name
    from steps.labelling.store import place_of

    require_labels_in_reach(config.labels.uri, registered_file(active_stack_name()))
    return place_of(config.model, config.labels.uri) if config.labels.enabled else ""


def say(name: str, what: str, stack: str, options: argparse.Namespace) -> int:
    """Print what was scheduled; nothing of it has failed."""
    if options.json:
        print_json({"schedule": name, "cron": options.schedule, "stack": stack})
    elif not options.quiet:
        print(f"{told(name, what, options.schedule)}\nIt runs on the stack '{stack}'.")
    return 0


def require_elsewhere(data: str) -> None:
    """Refuse a table that no tick could read: each runs on another machine, at another time.

    Raises:
        ConfigError: It is a file of this machine.
    """
    if lies_here(data):
        raise ConfigError(
            f"Run config key 'data.data': '{masked(data)}' is a file of this machine, and a "
            "schedule's steps run on others. Name an object store's URI or a database's URL, such "
            "as `--data s3://BUCKET/TABLE.parquet`."
        )


def submit(
    pipeline: Any,
    arguments: Mapping[str, Any],
    *,
    name: str,
    cron: str,
    config: RunConfig,
    **options: Any,
) -> None:
    """Hand a pipeline and its times to the orchestrator; nothing runs yet.

    Args:
        config: Of the model: what its steps need, and how often and for how long they are tried.
        options: More of what ZenML is told of the pipeline.

    Raises:
        SwitchyardError: It was not taken, and no record of it is left.
    """
    from zenml import Model
    from zenml.config.schedule import Schedule

    from commands.execution import options_of
    from stacks.schedules import forget_unkept

    spare = spare_packages(config.candidates)
    named = pipeline.with_options(
        # Filled in at each tick: a name of its own is what makes it a run of its own.
        run_name=f"{pipeline.name}-{{date}}-{{time}}",
        schedule=Schedule(name=name, cron_expression=cron),
        model=Model(name=config.model),
        steps=config.attempts,
        **options_of(pipeline.name, {}, spare, cache=True),
        **options,
    )
    try:
        named(**arguments)
    except BaseException as error:
        forget_unkept(name)
        if isinstance(error, SwitchyardError) or not isinstance(error, Exception):
            raise
        kind = type(error).__name__
        raise RunError(f"The schedule could not be made: {kind}: {error}") from error


def unschedule(options: argparse.Namespace) -> int:
    """End a schedule where it is kept, and ZenML's record of it."""
    prepare(verbose=options.verbose)
    from stacks.schedules import chosen, end, scheduled

    held = chosen(options.name, scheduled())
    end(held)
    if options.json:
        print_json({"schedule": held.name, "cron": held.cron, "ended": True})
    elif not options.quiet:
        print(f"'{held.name}' is not scheduled any more. A run that has begun goes on to its end.")
    return 0


def lines() -> list[str]:
    """What recurs, one line each."""
    from stacks.schedules import scheduled

    return [_line(each) for each in scheduled()]


def _line(held: Kept) -> str:
    return told(held.name, held.what, held.cron)


def told(name: str, what: str, cron: str) -> str:
    """A schedule in a sentence, and what ends it."""
    return f"{what} at '{cron}'. `python run.py unschedule {name}` ends it."
