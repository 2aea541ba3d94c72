"""From a file in Airflow's directory to a run that has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote
from uuid import UUID

from serving.errors import RunError
from stacks.flavors.airflow.api import Airflow
from stacks.flavors.dealing.outcome import outcome_of
from stacks.flavors.dealing.watch import FAILED, Look, Lost, Watch
from stacks.flavors.told import statuses, tell

if TYPE_CHECKING:
    from stacks.flavors.airflow.flavor import WatchedAirflowConfig

Found = TypeVar("Found")


@dataclass(frozen=True)
class Handed:
    """A DAG whose file lies where Airflow looks for it."""

    airflow: Airflow
    dag: str
    path: Path

    def url(self, run: str) -> str:
        """Where a browser finds a run of it."""
        return f"{self.airflow.url}/dags/{self.dag}/runs/{quote(run, safe='')}"


def known(handed: Handed, config: WatchedAirflowConfig) -> None:
    """Wait until Airflow has picked up a DAG.

    Raises:
        RunError: It does not, or cannot read it.
        Lost: It does not answer.
    """
    _awaited(handed, config, lambda: handed.airflow.dag(handed.dag), "picked up")


def begun(handed: Handed, config: WatchedAirflowConfig) -> str:
    """Wait until Airflow has begun with the one run of a DAG; its id.

    Raises:
        RunError: It does not, or cannot read the file.
        Lost: It does not answer.
    """

    def found() -> str | None:
        runs = handed.airflow.runs(handed.dag)
        return next((run for run, state in runs.items() if state != "PENDING"), None)

    return _awaited(handed, config, found, "begun with")


def to_the_end(handed: Handed, run: str, ours: UUID, config: WatchedAirflowConfig) -> None:
    """Watch a run until Airflow and ZenML agree that it has ended.

    Raises:
        RunError: It failed, took too long, or Airflow does not answer any more.
    """
    look = partial(_look, handed, run, ours)
    told = partial(tell, "Airflow")
    watch = Watch(look, told, config.poll, config.patience, config.timeout, "Airflow")
    try:
        seen = watch.until_the_end()
    except TimeoutError:
        handed.airflow.fail(handed.dag, run)
        limit = f"{config.timeout:g} seconds (`timeout` in the stack's file)"
        raise RunError(f"The run did not end in {limit}. {handed.url(run)}") from None
    if seen.has_failed:
        raise RunError(f"{outcome_of(seen)} {handed.url(run)}")


def _look(handed: Handed, run: str, ours: UUID) -> Look:
    state = handed.airflow.run(handed.dag, run)
    reason = ""
    if state == FAILED:
        tasks = handed.airflow.failed_tasks(handed.dag, run)
        reason = "; ".join(f"{task}: {said}" if said else task for task, said in tasks.items())
    return Look(state, *statuses(ours), reason, "Airflow", "container")


def _awaited(
    handed: Handed,
    config: WatchedAirflowConfig,
    question: Callable[[], Found | None],
    what: str,
) -> Found:
    heard = time.monotonic()
    end = heard + config.pickup
    while (now := time.monotonic()) < end:
        try:
            if (found := question()) is not None:
                return found
            error, heard = handed.airflow.import_error(handed.path.name), now
        except Lost:
            if now - heard > config.patience:
                raise
        else:
            if error:
                raise RunError(f"Airflow cannot read {handed.path}: {error}.")
        time.sleep(min(config.poll, config.pickup))
    raise RunError(_unheeded(handed, config, what))


def _unheeded(handed: Handed, config: WatchedAirflowConfig, what: str) -> str:
    parts = handed.airflow.sleepers()
    why = (
        f"its {' and '.join(parts)} do not work"
        if parts
        else f"is {handed.path.parent} the directory in which it looks for DAGs (`dags_folder`), "
        "and may its user read the file (`file_mode`)?"
    )
    return (
        f"Airflow has not {what} {handed.path} in {config.pickup:g} seconds (`pickup` in the "
        f"stack's file): {why}"
    )
