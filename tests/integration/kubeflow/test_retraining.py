"""The whole main job on a schedule: every tick trains on the table as it is then, and deploys."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock

import pandas as pd
import pytest

import run
from serving.resident import stop
from tests.integration.kubeflow import conftest, pipelines
from tests.integration.kubeflow.stand_in import Backend
from tests.integration.kubeflow.test_watched import change
from tests.integration.team.servers import MEMBER, Team
from tests.integration.tumours import LINEAR, write_config
from tests.ports import free_port

NAME = "kubeflow-retrained"
GATE = {"resamples": 200, "mode": "not_worse", "margin": 0.5}


@pytest.fixture(autouse=True)
def stack(
    team: Team, client: Path, address: str, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A stack that trains, registers and serves; pods are processes here, and so are servers."""
    from zenml.client import Client

    from stacks.apply import activate, apply
    from stacks.schema import StackFile

    assert client
    member = dict(zip(("username", "password"), MEMBER, strict=True))
    Client().create_secret("kubeflow-mlflow", member)
    content: dict[str, Any] = {**conftest.stack(team, address), "stack_name": NAME}
    tracker = {"tracking_uri": team.mlflow}
    tracker |= {f"tracking_{key}": f"{{{{kubeflow-mlflow.{key}}}}}" for key in member}
    for type_, flavor, configuration in (
        ("experiment_tracker", "mlflow", tracker),
        ("model_registry", "mlflow", {}),
        ("model_deployer", "resident", {}),
    ):
        one = {"name": NAME, "flavor": flavor, "configuration": configuration}
        content["components"] |= {type_: [one]}
    apply(StackFile.model_validate(content), active=True)
    # No image is built: the stand-in looks at none.
    monkeypatch.setattr("stacks.image.image_settings", lambda *_, **__: pipelines.SETTINGS)
    with mock.patch.dict(os.environ):
        yield
    for path in backend.folder.rglob("service.json"):
        stop(path.parent)
    activate("kubeflow-tested")


def step(run: Any, name: str) -> Any:
    """What a step of a run gave."""
    return next(iter(run.steps[name].outputs.values()))[0].load()


@contextmanager
def unreachable(address: str) -> Iterator[None]:
    """Kubeflow is away, and then comes back."""
    change("kubeflow_hostname", f"http://127.0.0.1:{free_port()}")
    try:
        yield
    finally:
        change("kubeflow_hostname", address)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The files of a folder, where machines other than this one could read them too."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listener:
        Thread(target=listener.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listener.server_address[1]}"
        listener.shutdown()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[str]:
    """Where the table is read."""
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def recurring(
    backend: Backend, address: str, tmp_path: Path, shelf: str, capsys: pytest.CaptureFixture[str]
) -> str:
    """The one schedule, which is made only where Kubeflow answers, and only once."""
    from zenml.client import Client

    data = {"data": f"{shelf}/tumours.csv", "target": "diagnosis"}
    groups = {"model": "nightly-tumours", "data": data, "gate": GATE}
    config = write_config(tmp_path, "nightly", LINEAR, report={"enabled": False}, **groups)
    words = ["train", "--schedule", "0 3 * * *", "--config", config, "--verbose"]

    with unreachable(address):
        assert run.main(words) == 1
    assert "the schedule 'nightly-tumours' was not made" in capsys.readouterr().err
    assert not Client().list_schedules(name="nightly-tumours").items
    assert run.main(words) == 0, capsys.readouterr().err
    assert "unschedule nightly-tumours" in capsys.readouterr().out
    assert run.main(words) == 2
    assert "python run.py unschedule nightly-tumours" in capsys.readouterr().err

    (found,) = backend.recurring
    return found


def test_each_tick_trains_on_the_table_of_its_time_and_deploys_until_unscheduled(
    backend: Backend,
    address: str,
    recurring: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A tick whose first challenger is refused has nothing to deploy, and is no failure."""
    from zenml.client import Client

    table, rows = tmp_path / "tumours.csv", tumours()
    noise = rows["diagnosis"].sample(frac=1, random_state=0).to_numpy()
    rows.assign(diagnosis=noise).to_csv(table, index=False)
    assert backend.tick(recurring).state == "SUCCEEDED", backend.printed()
    assert "'nightly-tumours' has no champion" in backend.printed()
    rows.to_csv(table, index=False)
    assert backend.tick(recurring).state == "SUCCEEDED", backend.printed()
    rows.iloc[:-60].to_csv(table, index=False)
    assert backend.tick(recurring).state == "SUCCEEDED", backend.printed()
    ticks = Client().list_pipeline_runs(pipeline="retraining", sort_by="created", hydrate=True)
    assert [str(each.status) for each in ticks.items] == ["completed"] * 3
    assert [len(step(each, "load_table")) for each in ticks.items] == [569, 569, 509]
    assert [step(each, "promote").champion for each in ticks.items] == ["", "2", "3"]
    assert [step(each, "deploy").version for each in ticks.items] == ["", "2", "3"]
    assert len({each.model_version.number for each in ticks.items}) == 3
    end(backend, address, capsys)


def end(backend: Backend, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """End the schedule, which stays where Kubeflow does not answer."""
    from zenml.client import Client

    with unreachable(address):
        assert run.main(["unschedule", "--verbose"]) == 1
    assert "the schedule 'nightly-tumours' could not be ended" in capsys.readouterr().err
    assert backend.recurring
    assert run.main(["status", "--verbose"]) == 0
    assert "is trained and deployed at '0 3 * * *'" in capsys.readouterr().out
    assert run.main(["unschedule", "--verbose"]) == 0, capsys.readouterr().err
    assert not backend.recurring
    assert not Client().list_schedules(name="nightly-tumours").items
    assert run.main(["unschedule", "nightly-tumours"]) == 2
    assert "Nothing is scheduled" in capsys.readouterr().err


def tumours() -> pd.DataFrame:
    """The table that comes with scikit-learn."""
    from sklearn.datasets import load_breast_cancer

    loaded = load_breast_cancer(as_frame=True)
    return loaded.frame.rename(columns={"target": "diagnosis"})
