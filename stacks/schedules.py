"""What recurs by itself, as ZenML and the orchestrator keep it: trainings, and looks at a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serving.errors import ConfigError, RunError, near_miss
from stacks.pairs import flavors
from stacks.schema import StackFile

if TYPE_CHECKING:
    from zenml.models import ScheduleResponse

TRAINED = "'{model}' is trained and deployed"
WATCHED = "'{model}' is watched, and retrained where its policy says so,"
STRANDED = "The retraining of '{model}' waits for a loop that is gone; it stands"
LOOP, ON_DEMAND = "-loop", "-on-demand"
# By the pipeline that recurs: what is said of it, and what its schedules are called.
PIPELINES = {
    "retraining": (TRAINED, ""),
    "loop": (WATCHED, LOOP),
    "retraining_on_demand": (STRANDED, ON_DEMAND),
}
# The orchestrators that start once, when a step asks for it, what they keep.
STARTERS = {"airflow_watched", "kubeflow_watched"}
# What tells the orchestrator that a pipeline is kept and begins only when it is started.
WAITING = "waiting"
# The orchestrators on which a schedule was seen to fire more than once, and to end.
KEEPERS = {"airflow_watched", "kubeflow_watched", "kubernetes_watched"}


@dataclass(frozen=True)
class Kept:
    """Something that recurs.

    Args:
        what: In words, up to the times at which it does.
        beside: What waits to be started by it, and ends with it.
    """

    schedule: ScheduleResponse
    what: str
    beside: ScheduleResponse | None = None

    @property
    def name(self) -> str:
        """The schedule's name."""
        return str(self.schedule.name)

    @property
    def cron(self) -> str:
        """The times, in five fields."""
        return str(self.schedule.cron_expression)


def loop_name(model: str) -> str:
    """What the schedule is called by which a model is watched."""
    return f"{model}{LOOP}"


def on_demand_name(model: str) -> str:
    """What the schedule is called behind which a model's retraining waits."""
    return f"{model}{ON_DEMAND}"


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


def require_starter(file: StackFile) -> None:
    """Refuse to have a model watched on a stack that could not retrain it by itself.

    Raises:
        ConfigError: Its orchestrator starts nothing that it keeps, or it serves nothing.
    """
    found = flavors(file, "orchestrator")
    if found & STARTERS:
        if file.components.get("model_deployer"):
            return
        raise ConfigError(
            f"The stack '{file.stack_name}' serves no model that could be watched: it needs a "
            "model_deployer that its steps reach, as in `--stack airflow-seldon` and "
            "`--stack kubeflow`."
        )
    raise ConfigError(
        f"The stack '{file.stack_name}' cannot watch a model by itself: its orchestrator is of the "
        f"flavor '{', '.join(sorted(found))}', and those that start a retraining when a verdict "
        f"asks for it are '{', '.join(sorted(STARTERS))}', as in `--stack airflow-seldon` "
        "and `--stack kubeflow`. `python run.py loop --every 24h` watches for as long as it runs."
    )


def keeper_of(schedule: str, key: str) -> str:
    """What a schedule is called where it is kept.

    Args:
        key: Under which ZenML's record of the schedule says so.

    Raises:
        RunError: There is no such schedule.
    """
    from zenml.client import Client

    try:
        kept = Client().get_schedule(schedule, allow_name_prefix_match=False)
        return str(kept.run_metadata[key])
    except KeyError:
        raise RunError(
            f"There is no schedule '{schedule}' any more: end the loop that asks for it with "
            "`python run.py unschedule NAME`, and make it again."
        ) from None


def require_free(name: str) -> None:
    """Refuse a second schedule of one name.

    Raises:
        ConfigError: There is one.
    """
    for held in scheduled():
        if held.name == name:
            raise ConfigError(
                f"'{name}' is scheduled already, at '{held.cron}'. End that one first: "
                f"`python run.py unschedule {name}`."
            )


def scheduled() -> list[Kept]:
    """Everything that recurs, by name; what waits for a loop is no entry of its own."""
    held = {name: {str(each.name): each for each in _held(name)} for name in PIPELINES}
    waiting = held["retraining_on_demand"]
    kept = []
    for pipeline in ("retraining", "loop"):
        what, ending = PIPELINES[pipeline]
        for name, each in held[pipeline].items():
            model = name.removesuffix(ending)
            beside = waiting.pop(on_demand_name(model), None) if ending else None
            kept.append(Kept(each, what.format(model=model), beside))
    for name, each in waiting.items():
        kept.append(Kept(each, STRANDED.format(model=name.removesuffix(ON_DEMAND))))
    return sorted(kept, key=lambda each: each.name)


def _held(pipeline: str) -> Iterator[ScheduleResponse]:
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    client = Client()
    for found in client.list_pipelines(name=f"equals:{pipeline}").items:
        yield from depaginate(client.list_schedules, pipeline_id=found.id, hydrate=True)


def chosen(asked: str | None, known: list[Kept]) -> Kept:
    """The schedule that is meant: the one asked for, or the only one there is.

    Raises:
        ConfigError: There is none of that name, or more than one to choose from.
    """
    names = [each.name for each in known]
    if asked in names or (asked is None and len(names) == 1):
        return known[names.index(asked or names[0])]
    if not names:
        raise ConfigError("Nothing is scheduled. `python run.py train --schedule CRON` does that.")
    if asked is None:
        raise ConfigError(f"Say which one: `python run.py unschedule NAME`. {near_miss('', names)}")
    raise ConfigError(f"'{asked}' is not scheduled. {near_miss(asked, names)}")


def end(kept: Kept) -> None:
    """End what recurs where it does, what waits for it first, and then ZenML's records of them.

    Raises:
        RunError: The orchestrator that keeps it does not answer, or is not registered any more.
    """
    for each in (kept.beside, kept.schedule):
        if each is not None:
            _end(each)


def end_named(name: str) -> None:
    """End the schedule of that name, where there is one."""
    for kept in scheduled():
        if kept.name == name:
            end(kept)


def _end(schedule: ScheduleResponse) -> None:
    """End one.

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

    for pipeline in PIPELINES:
        for each in _held(pipeline):
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
