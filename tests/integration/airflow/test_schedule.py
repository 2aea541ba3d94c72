"""A schedule that Airflow keeps: every tick is a run, none before its time, and an end to it."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from zenml.config.schedule import Schedule

from serving.errors import RunError
from stacks.flavors.airflow.api import Airflow
from stacks.schedules import WAITING
from tests.airflow.server import LOGIN, AirflowServer
from tests.integration.airflow import pipelines
from tests.integration.airflow.test_watched import changed
from tests.ports import free_port

SECONDS = 240.0
pytestmark = pytest.mark.usefixtures("client")


def made(settings: dict[str, Any], name: str, kept: str = "", **times: Any) -> tuple[str, Path]:
    """A schedule of a small pipeline: Airflow's DAG, and its file.

    Args:
        kept: The schedule behind which waits what this one starts; without one, it starts nothing.
    """
    from zenml.client import Client

    pipeline: Any = pipelines.looks if kept else pipelines.nightly
    waiting = times.pop(WAITING, False)
    asked = {"schedule": Schedule(name=name, **times), "settings": settings}
    pipeline.with_options(**asked, extra={WAITING: waiting})(*filter(None, [kept]))
    dag = str(Client().get_schedule(name).run_metadata["airflow_dag_id"])
    folder = Client().active_stack.orchestrator.config.dag_output_dir
    return dag, Path(folder) / f"{dag}.zip"


def asked(airflow: AirflowServer) -> Airflow:
    """Airflow's own word."""
    return Airflow(airflow.url, LOGIN["username"], LOGIN["password"], None)


def until(api: Airflow, dag: str, *states: str) -> None:
    """Wait until the runs of a DAG are in these states."""
    end = time.monotonic() + SECONDS
    while list(api.runs(dag).values()) != list(states):
        assert time.monotonic() < end, api.runs(dag)
        time.sleep(0.3)


def at_work(api: Airflow, dag: str) -> None:
    """Wait until a run of a DAG has begun."""
    end = time.monotonic() + SECONDS
    while "RUNNING" not in api.runs(dag).values():
        assert time.monotonic() < end, api.runs(dag)
        time.sleep(0.3)


def test_every_tick_is_a_run_and_a_schedule_is_not_ended_under_one(
    settings: dict[str, Any], airflow: AirflowServer
) -> None:
    """ZenML's server refuses the steps of a schedule that it has forgotten.

    A tick waits for the one before it, and each is a run like any other, whether on time or
    made up for, which needs no waiting. Of a DAG that is
    paused, or whose file is gone, Airflow carries no run to its end. Each tick starts what waits
    behind another schedule, from its container, as a verdict does: that never begins by itself.
    """
    from zenml.client import Client

    now, api = datetime.now(UTC).replace(second=0, microsecond=0), asked(airflow)
    times = {"start_time": now - timedelta(minutes=1), "end_time": now, "catchup": True}
    waits: dict[str, Any] = {"cron_expression": "0 0 1 1 *", WAITING: True}
    kept, _ = made(settings, "on-demand", **waits)
    assert (api.dag(kept) or {})["next_dagrun_run_after"] > "2999"
    dag, path = made(settings, "ticking", "on-demand", cron_expression="* * * * *", **times)
    assert path.stat().st_mode & 0o777 == 0o640
    at_work(api, dag)
    with pytest.raises(RunError, match="'ticking' recurs no more, and a run of it is at work"):
        Client().delete_schedule("ticking")
    until(api, dag, "SUCCEEDED", "SUCCEEDED")
    until(api, kept, "SUCCEEDED", "SUCCEEDED")
    for pipeline, each in (("looks", dag), ("nightly", kept)):
        runs = Client().list_pipeline_runs(pipeline=pipeline, hydrate=True).items
        ticks = {str(run.orchestrator_run_id): str(run.status) for run in runs}
        assert ticks == dict.fromkeys(api.runs(each), "completed")
        if pipeline == "looks":
            later, earlier = sorted(runs, key=lambda run: run.start_time, reverse=True)
            assert earlier.end_time <= later.start_time
    made(settings, "after", cron_expression="0 3 * * *")
    assert not path.exists()
    for name in ("ticking", "after", "on-demand"):
        Client().delete_schedule(name)


def test_nothing_runs_before_its_time_and_an_end_without_airflow_is_none(
    settings: dict[str, Any], airflow: AirflowServer
) -> None:
    """As ZenML alone writes it, Airflow runs at once what was due before it was scheduled."""
    from zenml.client import Client

    dag, path = made(settings, "nightly", cron_expression="0 3 * * *")
    api = asked(airflow)
    due = (api.dag(dag) or {})["next_dagrun_run_after"]
    assert datetime.fromisoformat(due) > datetime.now(UTC)
    assert api.runs(dag) == {}
    with (
        changed(url=f"http://127.0.0.1:{free_port()}"),
        pytest.raises(RunError, match="the schedule 'nightly' could not be ended"),
    ):
        Client().delete_schedule("nightly")
    assert path.exists()
    Client().delete_schedule("nightly")
    assert not path.exists()
    assert (api.dag(dag) or {})["is_paused"]
    assert not Client().list_schedules(name="nightly").items


def test_a_schedule_that_airflow_does_not_pick_up_is_not_made(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    from zenml.client import Client

    wrong = changed(dag_output_dir=str(tmp_path), pickup=1.0)
    with wrong, pytest.raises(RunError, match="has not picked up"):
        made(settings, "lost", cron_expression="0 3 * * *")
    assert not list(tmp_path.iterdir())
    assert not Client().list_schedules(name="lost").items
