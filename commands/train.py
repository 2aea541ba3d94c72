"""The main job: train the candidates, let one challenge the champion, deploy what won."""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import journal, record
from commands.alert import send_failure
from commands.console import console_for, print_json
from commands.environment import prepare
from commands.job import Job
from pipelines.settings import (
    DEFAULT_CONFIG,
    RunConfig,
    build_config,
    config_path,
    model_name,
    parse_overrides,
    read_config,
)
from serving.errors import ChampionMovedError, ConfigError, SwitchyardError, UserError
from stacks.facts import gather_here
from stacks.schema import has_file, load_stack
from steps.data.location import lift_password, locate

if TYPE_CHECKING:
    from rich.console import Console

    from commands.execution import Completed
    from commands.journal import Entry

PASSWORD = "SWITCHYARD_DATA_PASSWORD"  # noqa: S105  (a variable's name)
TRIES = 3
ADVICE = "`python run.py resume` goes on from it"
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
    job = Job(
        config, source or "", origin, options.stack, not options.no_deploy, not options.no_cache,
        key, identity, digest(stack or ""),
    )  # fmt: skip
    answer = carry_out(job, options, console)
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


def digest(text: str) -> str:
    """A text's identity: what it says may be nobody else's business."""
    return hashlib.sha256(text.encode()).hexdigest()


def carry_out(
    job: Job, options: argparse.Namespace, console: Console, entry: Entry | None = None
) -> dict[str, Any]:
    """Run the pipelines and say what they came to.

    Args:
        entry: The journal's entry of a run that did not finish, to go on with.
    """
    from stacks.startup import leave_frameworks_out, loading

    with loading():
        prepare(verbose=options.verbose)
        from commands.execution import git_commit
        from commands.interrupted import close_dead
        from commands.stack import reuse, use
        from commands.summary import stores, summarise
        from steps.deployment.deployer import active_deployer, require_trials

        again = entry.told["used"] if entry and job.stack is None else None
        stack = reuse(again) if again else use(job.stack)
        if job.deploys:
            require_trials(active_deployer(), job.config.rollout)
        close_dead(entry, force=entry is not None and options.force)
    leave_frameworks_out()
    entry = entry or journal.new({**job.told(), "commit": git_commit(), "used": stack})
    with entry.held(), telling(job, entry):
        trained = train(job, entry, options, console)
        deployed = deploy(job, trained, entry, options, console)
        answer = summarise(job.config, trained, deployed, stack)
    if job.identity and (kept := stores()) is not None:
        record.remember(job.question, job.identity, kept, answer)
    return answer


@contextmanager
def telling(job: Job, entry: Entry) -> Iterator[None]:
    """Say with whatever ends the run how to go on, and tell who is to be told."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(ADVICE) from None
    except SwitchyardError as error:
        if entry.path.exists():
            if not isinstance(error, UserError):
                error.advice = ADVICE
            send_failure(job.config.model, entry.name, error)
        raise


def train(job: Job, entry: Entry, options: argparse.Namespace, console: Console) -> Completed:
    """Train, or go on with a training: what had finished is taken over."""
    from commands.execution import COMPLETED, Completed, find_run
    from commands.interrupted import require_table
    from commands.reach import require_labels_in_reach, within_reach
    from commands.summary import label
    from pipelines.training import training
    from stacks.check import registered_file
    from stacks.registered import active_stack_name

    begun = entry.told.get("runs", {}).get(training.name)
    earlier = find_run(begun) if begun else None
    if begun and not options.force:
        require_table(job.fingerprint, entry, earlier)
    if earlier is not None and str(earlier.status) == COMPLETED:
        trained = Completed(earlier, earlier.steps)
    else:
        file = registered_file(active_stack_name())
        require_labels_in_reach(job.config.labels.uri, file)
        reached = within_reach(job.config.data.data, job.fingerprint, console)
        arguments = {
            "config": job.config.reading(reached.data),
            "commit": entry.told["commit"],
            "origin": job.origin,
            "stack": entry.told["used"],
            **with_labels(job.config, job.fingerprint),
        }
        execute = runner(job, entry, options, console)
        told = {"cache": job.cache, "mounts": reached.mounts}
        run = partial(execute, training, arguments, **told)
        trained = settle(partial(run, earlier=earlier), run, console)
    label(trained)
    return trained


def deploy(
    job: Job, trained: Completed, entry: Entry, options: argparse.Namespace, console: Console
) -> Completed | None:
    """Deploy the champion, where there is one: always anew, since servers come and go."""
    from pipelines.deployment import deployment

    if not trained.artifact("promote").champion or not job.deploys:
        return None
    wanted = {"model": job.config.model, "rollout": job.config.rollout}
    return runner(job, entry, options, console)(deployment, wanted)


def runner(
    job: Job, entry: Entry, options: argparse.Namespace, console: Console
) -> Callable[..., Completed]:
    """What runs a pipeline of this job and writes down that it does."""
    from commands.execution import execute

    return partial(
        execute,
        model=job.config.model,
        console=console,
        quiet=options.quiet or options.json,
        attempts=job.config.attempts,
        begun=entry.begin,
    )


def with_labels(config: RunConfig, fingerprint: str) -> dict[str, str]:
    """Where rows that came back labelled lie, and what a run stands on with them.

    Without any both are as if labels were not there, so that what was computed stays cached.
    """
    if not config.labels.enabled:
        return {"fingerprint": fingerprint, "labels": ""}
    from steps.labelling.store import label_store, place_of

    place = place_of(config.model, config.labels.uri)
    mark = label_store(place).mark()
    known = f"{fingerprint} {mark}".strip() if fingerprint else ""
    return {"fingerprint": known, "labels": place if mark else ""}


def settle(
    train: Callable[[], Completed], anew: Callable[[], Completed], console: Console
) -> Completed:
    """Train until no other run has promoted a version meanwhile, then with that one to beat.

    Args:
        anew: What to do after the first time, with nothing taken over.

    Raises:
        ChampionMovedError: The champion moves faster than it can be compared with.
    """
    for attempt in (train, *[anew] * (TRIES - 2)):
        try:
            return attempt()
        except ChampionMovedError as error:
            console.print(f"{error} Comparing with that one.", soft_wrap=True)
    return anew()


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
