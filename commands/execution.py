"""Running a pipeline to its end, with one line a step and an error that says why."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from commands.failure import explain
from commands.progress import step_lines
from serving.errors import RunError, SwitchyardError, spoken
from steps.training.settings import spare_packages

if TYPE_CHECKING:
    from zenml import Model
    from zenml.models import PipelineRunResponse, StepRunResponse

ROOT = Path(__file__).resolve().parent.parent
COMPLETED = "completed"


@dataclass(frozen=True)
class Completed:
    """A run that has completed, with its steps read from the store once."""

    run: PipelineRunResponse
    steps: dict[str, StepRunResponse]

    def artifact(self, step: str, name: str | None = None) -> Any:
        """What a step gave: its only output, or the one of that name."""
        outputs = self.steps[step].outputs
        versions = outputs[name] if name else next(iter(outputs.values()))
        return versions[0].load()


def execute(
    pipeline: Any,
    arguments: dict[str, Any],
    *,
    model: str,
    console: Console,
    quiet: bool,
    cache: bool = True,
    attempts: Mapping[str, dict[str, Any]] | None = None,
    mounts: Mapping[str, Mapping[str, str]] | None = None,
    begun: Callable[[str, str], None] | None = None,
    earlier: PipelineRunResponse | None = None,
) -> Completed:
    """Run a pipeline on the active stack to its end.

    Args:
        cache: Let ZenML answer a step that it has run before on the same inputs.
        attempts: What ZenML is told of each step: how often and for how long it is tried.
        mounts: Files and folders of this machine that the steps see, as Docker is told of them.
        begun: Is told the pipeline's name and the run's before anything runs.
        earlier: A run of this pipeline with these arguments that did not finish: what its steps
            gave is taken over, and only the others run.

    Raises:
        SwitchyardError: A step failed, or the run ended in any state but completed.
        KeyboardInterrupt: The run was interrupted.
    """
    from commands.interrupted import stopped_by_hand
    from stacks.startup import track_without_frameworks

    track_without_frameworks()
    name = run_name(pipeline.name)
    spare = spare_packages(config.candidates if (config := arguments.get("config")) else ())
    options = {**options_of(pipeline.name, mounts or {}, spare, cache=cache)}
    options["steps"] = attempts or {}
    named = pipeline.with_options(run_name=name, model=versioned(model, earlier), **options)
    if begun is not None:
        begun(pipeline.name, name)
    try:
        # ZenML knows the steps once it has compiled the pipeline.
        lines = step_lines(
            console, pipeline.name, quiet=quiet, steps=lambda: len(named.invocations)
        )
        with stopped_by_hand(name, console), lines:
            call(named, arguments, earlier)
    except Exception as error:
        # What an orchestrator says of a container, the step in it says better.
        if isinstance(error, SwitchyardError) and type(error) is not RunError:
            raise
        raise reason(name, error) from error
    return completed(name)


def call(named: Any, arguments: dict[str, Any], earlier: PipelineRunResponse | None) -> None:
    """Run a pipeline, or what a run of it that did not finish has left to do."""
    from stacks.attempt import watched

    with watched():
        if earlier is None:
            named(**arguments)
        else:
            named.replay(
                pipeline_run=earlier.id, skip_successful_steps=True, input_overrides=arguments
            )


def completed(name: str) -> Completed:
    """The run of that name, with its steps.

    Raises:
        SwitchyardError: It did not complete: some orchestrators return normally from that.
    """
    run = find_run(name)
    if run is None or str(run.status) != COMPLETED:
        raise reason(name, RunError(f"The run '{name}' did not complete."))
    return Completed(run, run.steps)


def options_of(
    pipeline: str,
    mounts: Mapping[str, Mapping[str, str]],
    spare: Collection[str],
    *,
    cache: bool,
) -> dict[str, Any]:
    """What the active stack makes of a pipeline: its image, its way of failing, its maths."""
    from stacks.image import image_settings
    from stacks.modes import execution_mode, maths

    settings = image_settings(pipeline, mounts, spare)
    anew = {} if cache else {"enable_cache": False}
    return {"settings": settings, "environment": maths(), **execution_mode(), **anew}


def versioned(model: str, earlier: PipelineRunResponse | None) -> Model:
    """ZenML's model; the version of the run that is gone on with, where there is one."""
    from zenml import Model

    held = earlier.model_version if earlier is not None else None
    return Model(name=model, version=int(held.number)) if held is not None else Model(name=model)


def run_name(pipeline: str) -> str:
    """A name that no other run has and that sorts by time."""
    return f"{pipeline}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def find_run(name: str) -> PipelineRunResponse | None:
    """The run of that very name; None when it was never made."""
    from zenml.client import Client

    found = Client().list_pipeline_runs(name=f"equals:{name}", hydrate=True).items
    return found[0] if found else None


def reason(name: str, error: Exception) -> BaseException:
    """What ended the run of that name; the error itself where no step had begun.

    Raises:
        RunError: ZenML's server went away, which says more than whatever missed it.
    """
    from stacks.server import require_server

    require_server()
    run = find_run(name)
    if run is not None and any(step.exception_info for step in run.steps.values()):
        return explain(run)
    if isinstance(error, SwitchyardError):
        return error
    step = None if run is None else unbegun(run)
    what = f"step '{step}'" if step else "run"
    told = RunError(f"The {what} could not be carried out: {blamed(error)}")
    told.step = step or ""
    return told


def blamed(error: Exception) -> str:
    """An error of another package in its own words; of an image, with the registry's address."""
    from zenml.client import Client

    kind, _, words = spoken(error).partition("Docker error: ")
    registry = None if kind or not words else Client().active_stack.container_registry
    if registry is None:
        return f"{type(error).__name__}: {spoken(error)}"
    return f"the image registry {registry.config.uri}, or Docker, says: {words}"


def unbegun(run: PipelineRunResponse) -> str | None:
    """The step that failed before its own code began: a tracker or a store did not answer."""
    failed = [name for name, step in run.steps.items() if str(step.status) == "failed"]
    return failed[0] if failed else None


def git_commit() -> str:
    """The commit of the work tree, marked where it has changes; empty outside of git."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return f"{commit}+changes" if _git("status", "--porcelain") else commit
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", *words],  # noqa: S607  (whichever git the user has)
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
