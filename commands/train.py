"""The main job: train the candidates, let one challenge the champion, deploy what won."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import record
from commands.console import console_for, print_json
from commands.environment import prepare
from pipelines.settings import (
    DEFAULT_CONFIG,
    RunConfig,
    build_config,
    config_path,
    model_name,
    parse_overrides,
    read_config,
)
from serving.errors import ChampionMovedError, ConfigError
from stacks.facts import gather_here
from stacks.schema import has_file, load_stack
from steps.data.location import lift_password, locate

if TYPE_CHECKING:
    from rich.console import Console

    from commands.execution import Completed

PASSWORD = "SWITCHYARD_DATA_PASSWORD"  # noqa: S105  (a variable's name)
TRIES = 3
DATA_OPTIONS = ("data", "query", "target", "task")


def run(options: argparse.Namespace) -> int:
    """Answer from the last run where nothing has changed, else run both pipelines."""
    from steps.data.fingerprint import fingerprint

    config, files, origin = resolve(options)
    if options.summary is not None:
        from commands.markdown import require_place

        require_place(Path(options.summary))
    if options.schedule is not None:
        from commands import schedule

        return schedule.make(options, config, origin)
    console = console_for(options)
    source = fingerprint(config.data)
    key = record.question(options)
    stack = stack_identity(options.stack)
    identity = record.fingerprint(source, files, stack) if source and stack is not None else ""
    if (
        identity
        and not (options.force or options.no_cache)
        and (answer := record.recall(key, identity))
    ):
        return show({**answer, "unchanged": True}, options, console)
    answer, stores = carry_out(options, config, source or "", origin, console)
    if identity and stores is not None:
        record.remember(key, identity, stores, answer)
    return show({**answer, "unchanged": False}, options, console)


def resolve(options: argparse.Namespace) -> tuple[RunConfig, list[Path], str]:
    """The run config of a command line, the files it comes from and what to call it."""
    own = options.data is not None
    if own and options.config is None:
        # A table that is not there is told before a target that is not named.
        locate(options.data)
        content: dict[str, Any] = {"model": model_name(options.data, options.target or "")}
        files, origin = [], "own data"
    else:
        path = config_path(options.config or DEFAULT_CONFIG)
        content, files, origin = read_config(path), [path], path.name
    return build_config(content, overrides_of(options)), files, origin


def overrides_of(options: argparse.Namespace) -> dict[str, Any]:
    """What the command line lays over the run config, by dotted key."""
    said = {f"data.{name}": getattr(options, name) for name in DATA_OPTIONS}
    said["model"] = options.model
    given = {key: value for key, value in said.items() if value is not None}
    if options.data is not None:
        given["data.data"], password = lift_password(options.data, PASSWORD)
        if password is not None:
            os.environ[PASSWORD] = password
    return {**given, **parse_overrides(options.set)}


def stack_identity(name: str | None) -> str | None:
    """What a stack's file asks for, its variables filled in, and what of that is here.

    Empty where it has no file. None where the file cannot be read as it stands: the check before a
    run tells why, with all else that is wrong. The rest of what that check reads is ZenML's own,
    and the record ends with every change of ZenML's store.
    """
    if name is None or not has_file(name):
        return ""
    try:
        file = load_stack(name)
    except ConfigError:
        return None
    here = gather_here(file)
    found = [sorted(each) for each in (here.installed, here.programs, here.contexts)]
    return f"{file.model_dump_json()} {found}"


def carry_out(
    options: argparse.Namespace,
    config: RunConfig,
    fingerprint: str,
    origin: str,
    console: Console,
) -> tuple[dict[str, Any], list[Path] | None]:
    """Run the pipelines; returns what they came to and the local stores that hold it."""
    from stacks.startup import leave_frameworks_out, loading

    with loading():
        prepare(verbose=options.verbose)
        from commands.execution import execute, git_commit
        from commands.reach import within_reach
        from commands.stack import use
        from commands.summary import label, stores, summarise
        from pipelines.deployment import deployment
        from pipelines.training import training
        from steps.deployment.deployer import active_deployer, require_trials

        stack = use(options.stack)
        if not options.no_deploy:
            require_trials(active_deployer(), config.rollout)
    leave_frameworks_out()
    quiet = options.quiet or options.json
    reached = within_reach(config.data.data, fingerprint, console)
    run = partial(
        execute,
        model=config.model,
        console=console,
        quiet=quiet,
        attempts=config.attempts,
        tables=reached.mounts,
    )
    arguments = {
        "config": config.reading(reached.data),
        "fingerprint": fingerprint,
        "commit": git_commit(),
        "origin": origin,
        "stack": stack,
    }
    trained = settle(partial(run, training, arguments, cache=not options.no_cache), console)
    label(trained)
    champion = trained.artifact("promote").champion
    deployed = None
    if champion and not options.no_deploy:
        wanted = {"model": config.model, "rollout": config.rollout}
        deployed = run(deployment, wanted)
    return summarise(config, trained, deployed, stack), stores()


def settle(train: Callable[[], Completed], console: Console) -> Completed:
    """Train until no other run has promoted a version meanwhile, then with that one to beat.

    Raises:
        ChampionMovedError: The champion moves faster than it can be compared with.
    """
    for _ in range(TRIES - 1):
        try:
            return train()
        except ChampionMovedError as error:
            console.print(f"{error} Comparing with that one.", soft_wrap=True)
    return train()


def show(answer: dict[str, Any], options: argparse.Namespace, console: Console) -> int:
    """Print what a run came to."""
    if options.summary is not None:
        from commands.markdown import write

        write(answer, Path(options.summary))
    if options.json:
        print_json(answer)
    elif options.quiet:
        endpoint = answer["endpoint"] or {}
        url = endpoint.get("predict_url") or endpoint.get("seldon_url", "")
        print(outcome(answer), url)
    else:
        from commands.result import render

        render(answer, console)
    return 0


def outcome(answer: dict[str, Any]) -> str:
    """What a run came to, in one word: the gate's, unless a trial took it back."""
    rollout = answer["rollout"]
    decided = rollout if rollout and rollout["outcome"] == "roll_back" else answer["decision"]
    return str(decided["outcome"])
