"""The main job on a schedule that Airflow keeps, by the command line alone."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

import run
from tests.airflow.server import AirflowServer
from tests.docker.cluster import Cluster
from tests.integration.airflow.conftest import NAME
from tests.integration.airflow.test_schedule import asked, at_work, until
from tests.integration.tumours import LINEAR, write_config
from tests.unit.data.tables import customers

MODEL = "nightly-customers"


@pytest.fixture(autouse=True)
def stack(
    client: Path, servers: Cluster, training_image: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The stack with a place for models."""
    from stacks.apply import activate, apply
    from stacks.check import registered_file
    from stacks.schema import StackFile

    assert client
    monkeypatch.setenv("SWITCHYARD_STEPS_IMAGE", training_image)
    # An open server takes any token.
    token = "{{switchyard-airflow.password}}"
    tracking = {"tracking_uri": servers.mlflow, "tracking_token": token}
    held = registered_file(NAME).model_dump()
    for type_, configuration in (("experiment_tracker", tracking), ("model_registry", {})):
        one = {"name": NAME, "flavor": "mlflow", "configuration": configuration}
        held["components"] |= {type_: [one]}

    apply(StackFile.model_validate({**held, "stack_name": f"{NAME}-tracked"}), active=True)
    with mock.patch.dict(os.environ):
        yield
    activate(NAME)


@pytest.mark.nightly
def test_the_main_job_recurs_until_it_is_unscheduled(
    airflow: AirflowServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Airflow does at three in the morning it is asked for now."""
    from zenml.client import Client

    store = Client().active_stack.artifact_store
    with store.open(f"{store.path}/customers.csv", "w") as stream:
        stream.write(customers().to_csv(index=False))
    data = {"data": "artifacts://customers.csv", "target": "bought"}
    groups = {"model": MODEL, "data": data, "report": {"enabled": False}}
    config = write_config(tmp_path, "nightly", LINEAR, **groups)
    words = ["train", "--schedule", "0 3 * * *", "--config", config, "--verbose"]
    assert run.main(words) == 2
    assert "--no-deploy" in capsys.readouterr().err
    assert run.main([*words, "--no-deploy"]) == 0, capsys.readouterr().err
    assert f"unschedule {MODEL}" in capsys.readouterr().out

    assert run.main(["status", "--verbose"]) == 0
    told = capsys.readouterr().out
    assert "it serves nothing" in told
    assert f"'{MODEL}' is trained and deployed at '0 3 * * *'" in told

    api, dag = asked(airflow), str(Client().get_schedule(MODEL).run_metadata["airflow_dag_id"])
    assert api.runs(dag) == {}
    where = Client().active_stack.orchestrator.start_kept(MODEL)
    assert where.startswith(f"{airflow.url}/dags/{dag}/runs/manual__")
    at_work(api, dag)
    assert run.main(["unschedule", "--verbose"]) == 1
    assert "a run of it is at work" in capsys.readouterr().err
    until(api, dag, "SUCCEEDED")
    (tick,) = Client().list_pipeline_runs(pipeline="retraining", hydrate=True).items
    assert tick.steps["promote"].outputs["promotion"][0].load().champion == "1"

    assert run.main(["unschedule", "--verbose"]) == 0, capsys.readouterr().err
    assert not list(airflow.dags.iterdir())
    assert run.main(["unschedule"]) == 2
    assert "Nothing is scheduled" in capsys.readouterr().err
