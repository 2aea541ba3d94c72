"""A schedule that Kubernetes keeps: every tick is a run, and there is an end to it."""

from typing import Any

import pytest
from zenml.config.schedule import Schedule

from serving.errors import RunError
from tests.integration.kubernetes import pipelines
from tests.integration.kubernetes.test_watched import changed, printed, until
from tests.kubernetes.jobs import Jobs

pytestmark = pytest.mark.usefixtures("client")


def made(settings: dict[str, Any], name: str) -> str:
    """A schedule of the small pipeline: Kubernetes' name of it."""
    from zenml.client import Client

    schedule = Schedule(name=name, cron_expression="0 3 * * *")
    pipelines.every_night.with_options(schedule=schedule, settings=settings)()
    return str(Client().get_schedule(name).run_metadata["cron_job_name"])


def test_every_tick_is_a_run_and_a_schedule_is_not_ended_under_one(
    settings: dict[str, Any], jobs: Jobs
) -> None:
    """Deleting a recurring job deletes the job of a tick, which ZenML would keep as running."""
    from zenml.client import Client

    cron = made(settings, "ticking")
    assert jobs.recurring[cron]["spec"]["schedule"] == "0 3 * * *"
    assert not jobs.active(cron)
    job = jobs.tick(cron)
    assert job
    assert jobs.tick(cron) is None, "a tick does not wait for the one before it"
    with pytest.raises(RunError, match="'ticking' recurs no more, and a run of it is at work"):
        Client().delete_schedule("ticking")
    assert jobs.tick(cron) is None, "it recurs still"
    until(lambda: jobs.jobs[job]["status"].get("conditions"))
    jobs.recurring[cron]["spec"]["suspend"] = False
    other = jobs.tick(cron)
    assert other
    until(lambda: jobs.jobs[other]["status"].get("conditions"))
    runs = Client().list_pipeline_runs(pipeline="every_night", hydrate=True).items
    assert [str(run.status) for run in runs] == ["completed", "completed"], printed(jobs)
    Client().delete_schedule("ticking")
    assert not jobs.recurring
    assert not jobs.secrets
    assert not Client().list_schedules(name="ticking").items


def test_a_schedule_is_neither_made_nor_ended_without_the_cluster(
    settings: dict[str, Any], jobs: Jobs
) -> None:
    from zenml.client import Client

    cron = made(settings, "kept")
    with changed(kubernetes_context="down"):
        with pytest.raises(RunError, match="the schedule 'kept' could not be ended"):
            Client().delete_schedule("kept")
        with pytest.raises(RunError, match="the schedule was not made"):
            made(settings, "lost")
    assert list(jobs.recurring) == [cron]
    assert not Client().list_schedules(name="lost").items
    Client().delete_schedule("kept")
    assert not jobs.recurring
