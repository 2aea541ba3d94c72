"""A schedule that fires more than once, and that ends when it is ended."""

import pytest
from zenml.config.schedule import Schedule

from tests.integration.kubeflow import pipelines
from tests.integration.kubeflow.stand_in import Backend

pytestmark = pytest.mark.usefixtures("client")


def test_every_tick_is_a_run_of_its_own_where_no_placeholder_is_resolved(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upstream all ticks are one run; in test_retraining the commands of ticks are resolved."""
    from zenml.client import Client

    monkeypatch.setattr(backend, "resolves", False)
    name = "nightly"
    schedule = Schedule(name=name, cron_expression="0 3 * * *")
    pipelines.nightly.with_options(schedule=schedule)()
    (recurring,) = backend.recurring
    assert backend.recurring[recurring]["trigger"]["cron_schedule"]["cron"] == "0 0 3 * * *"
    assert [backend.tick(recurring).state for _ in range(2)] == ["SUCCEEDED"] * 2, backend.printed()
    held = Client().get_schedule(name)
    runs = Client().list_pipeline_runs(schedule_id=held.id).items
    assert [str(run.status) for run in runs] == ["completed"] * 2
    Client().delete_schedule(name)
    assert not backend.recurring
