"""Trainings that recur by themselves, as ZenML and the orchestrator keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serving.errors import ConfigError, RunError, near_miss
from stacks.pairs import flavors
from stacks.schema import StackFile

if TYPE_CHECKING:
    from zenml.models import ScheduleResponse

PIPELINE = "retraining"
# The orchestrators on which a schedule was seen to fire more than once, and to end.
KEEPERS = {"airflow_watched", "kubeflow_watched"}


def require_keeper(file: StackFile) -> None:
    """Refuse a schedule on a stack that could not keep one.

    Raises:
        ConfigError: Its orchestrator makes no schedule that can be ended again.
    """
    found = flavors(file, "orchestrator")
    if found & KEEPERS:
        return
    raise ConfigError(
        f"The stack '{file.stack_name}' keeps no schedules: its orchestrator is of the flavor "
        f"'{', '.join(sorted(found))}', and those that keep one here are "
        f"'{', '.join(sorted(KEEPERS))}', as in `--stack airflow` and `--stack kubeflow`. On a "
        "laptop, `python run.py loop --every 24h` trains when what was served says so, and a line "
        f"of cron trains at its time: `0 3 * * * python run.py --stack {file.stack_name}`."
    )


def require_free(name: str) -> None:
    """Refuse a second schedule for a model.

    Raises:
        ConfigError: There is one.
    """
    for held in scheduled():
        if held.name == name:
            raise ConfigError(
                f"'{name}' is scheduled already, at '{held.cron_expression}'. End that one first: "
                f"`python run.py unschedule {name}`."
            )


def scheduled() -> list[ScheduleResponse]:
    """Every training that recurs, by the name of its model."""
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    client = Client()
    pipelines = client.list_pipelines(name=f"equals:{PIPELINE}").items
    found: list[ScheduleResponse] = [
        each
        for pipeline in pipelines
        for each in depaginate(client.list_schedules, pipeline_id=pipeline.id, hydrate=True)
    ]
    return sorted(found, key=lambda each: str(each.name))


def chosen(asked: str | None, known: list[ScheduleResponse]) -> ScheduleResponse:
    """The schedule that is meant: the one asked for, or the only one there is.

    Raises:
        ConfigError: There is none of that name, or more than one to choose from.
    """
    names = [str(each.name) for each in known]
    if asked in names or (asked is None and len(names) == 1):
        return known[names.index(asked or names[0])]
    if not names:
        raise ConfigError("Nothing is scheduled. `python run.py train --schedule CRON` does that.")
    if asked is None:
        raise ConfigError(f"Say which one: `python run.py unschedule NAME`. {near_miss('', names)}")
    raise ConfigError(f"'{asked}' is not scheduled. {near_miss(asked, names)}")


def end(schedule: ScheduleResponse) -> None:
    """End what recurs where it does, and then ZenML's record of it.

    Raises:
        RunError: The orchestrator that keeps it does not answer, or is not registered any more.
    """
    from zenml.client import Client

    client = Client()
    if not _keeper_is_known(schedule):
        kept = ", ".join(f"{key} {value}" for key, value in schedule.run_metadata.items())
        raise RunError(
            f"The orchestrator that keeps '{schedule.name}' is not registered any more, so that it "
            f"cannot be told: end it there ({kept}), then `zenml pipeline schedule delete "
            f"{schedule.name}`."
        )
    client.delete_schedule(schedule.id)


def forget_unkept(name: str) -> None:
    """Take back ZenML's record of a schedule that its orchestrator never came to keep."""
    from zenml.client import Client

    for each in scheduled():
        if each.name == name and not each.run_metadata:
            Client().zen_store.delete_schedule(each.id, soft=False)


def _keeper_is_known(schedule: ScheduleResponse) -> bool:
    from zenml.client import Client

    if not schedule.orchestrator_id:
        return False
    try:
        Client().get_stack_component("orchestrator", schedule.orchestrator_id)
    except KeyError:
        return False
    return True
