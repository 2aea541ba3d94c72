"""A model watched by a schedule: pods answer and log, ticks judge, one of them retrains it once."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pandas as pd
import pytest

import run
from tests.integration.kubeflow import conftest, pipelines
from tests.integration.kubeflow.stand_in import Backend, Run
from tests.integration.kubeflow.test_retraining import served, step, tumours
from tests.integration.team.servers import MEMBER, Team
from tests.integration.tumours import LINEAR, write_config
from tests.kubernetes.standin import IMAGE, StandIn, standing_in

NAME, MODEL = "kubeflow-watched-model", "watched-tumours"
GROUPS = {
    "gate": {"resamples": 200},
    "monitoring": {"min_rows": 50, "min_labelled": 50, "report": "never"},
    "report": {"enabled": False},
}
Activate = Callable[[str], None]


@pytest.fixture
def cluster(tmp_path: Path, backend: Backend, team: Team) -> Iterator[StandIn]:
    """A stand-in for the cluster, which pods of steps find where anybody's kubeconfig lies."""
    with standing_in(tmp_path / "cluster") as made:
        found = backend.folder / ".kube" / "config"
        found.parent.mkdir(exist_ok=True)
        found.write_text((made.home / "kubeconfig").read_text())
        store = team.store.environment
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")
        made.secrets["store"] = {name: store[name] for name in names}
        user, word = MEMBER
        mlflow = {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": word}
        made.secrets["store"] |= mlflow
        yield made
        found.unlink()


@pytest.fixture
def components(
    team: Team,
    client: Path,
    address: str,
    cluster: StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Any]:
    """Those of a stack of this orchestrator whose model is served by Seldon Core."""
    from zenml.client import Client

    assert client
    monkeypatch.setenv("KUBECONFIG", cluster.environ["KUBECONFIG"])
    monkeypatch.setattr("stacks.image.image_settings", lambda *_, **__: pipelines.SETTINGS)
    member = dict(zip(("username", "password"), MEMBER, strict=True))
    Client().create_secret("watched-mlflow", member)
    tracker = {"tracking_uri": team.mlflow}
    tracker |= {f"tracking_{key}": f"{{{{watched-mlflow.{key}}}}}" for key in member}
    served: dict[str, object] = {"image": IMAGE, "namespace": "models"}
    served |= {"ingress_url": cluster.ingress_url}
    served |= {"secret_name": "store", "log_segment_seconds": 0.5}
    made: dict[str, Any] = conftest.stack(team, address)["components"]
    for type_, flavor, configuration in (
        ("experiment_tracker", "mlflow", tracker),
        ("model_registry", "mlflow", {}),
        ("model_deployer", "seldon_core", served),
    ):
        made[type_] = [{"name": NAME, "flavor": flavor, "configuration": configuration}]
    return made


@pytest.fixture
def activate(components: dict[str, Any]) -> Iterator[Activate]:
    """Makes a stack of them the active one, with the orchestrator that it is asked for."""
    from stacks.apply import activate, apply
    from stacks.schema import StackFile

    here = {"name": f"{NAME}-here", "flavor": "local", "configuration": {}}

    def make(orchestrator: str) -> None:
        parts = components | ({"orchestrator": [here]} if orchestrator == "local" else {})
        made = {"stack_name": f"{NAME}-{orchestrator}", "components": parts}
        apply(StackFile.model_validate(made), active=True)

    with mock.patch.dict(os.environ):
        yield make
    activate("kubeflow-tested")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[str]:
    """Where the table is read."""
    with served(tmp_path) as found:
        yield found


def ask(cluster: StandIn, team: Team, rows: pd.DataFrame, name: str, labels: list[Any]) -> None:
    """Ask the pods as one request, send its labels, and wait until both are in the store."""
    inputs = rows.drop(columns="diagnosis")
    values = json.loads(inputs.to_json(orient="values"))
    data = {"names": list(inputs.columns), "ndarray": values}
    url, before = f"{cluster.ingress_url}/seldon/models/{MODEL}", team.store.objects()
    body = {"data": data, "meta": {"puid": name}}
    said = httpx.post(f"{url}/api/v1.0/predictions", json=body, timeout=30)
    assert said.status_code == 200, said.text
    told = [{"id": name, "row": row, "label": label} for row, label in enumerate(labels)]
    assert httpx.post(f"{url}/v2/models/{MODEL}/feedback", json=told).status_code == 200
    for _ in range(300):
        new = set(team.store.objects()) - set(before)
        parts = {key.split("/")[2][:8] for key in new if key.startswith(f"predictions/{MODEL}/")}
        if {"date=202", "feedback"} <= parts:
            return
        time.sleep(0.1)
    raise AssertionError("Nothing was shipped.")


def followed(run: Run) -> tuple[str, str]:
    """A tick's verdict and what followed it."""
    from zenml.client import Client

    runs = Client().list_pipeline_runs(pipeline="loop", hydrate=True)
    (found,) = [each for each in runs.items if each.orchestrator_run_id == run.identity]
    verdict = found.steps["judge_window"].outputs["verdict"][0].load()
    return verdict.outcome, step(found, "act_on").act


@pytest.fixture
def looks(
    activate: Activate,
    backend: Backend,
    tmp_path: Path,
    shelf: str,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """The schedule by which a model is watched that was trained on this machine."""
    tumours().to_csv(tmp_path / "tumours.csv", index=False)
    data = {"data": f"{shelf}/tumours.csv", "target": "diagnosis"}
    config = write_config(tmp_path, "watched", LINEAR, model=MODEL, data=data, **GROUPS)
    activate("local")
    assert run.main(["train", "--config", config, "--verbose"]) == 0, capsys.readouterr().err
    words = ["loop", "--schedule", "*/30 * * * *", "--since", "1h", "--verbose"]
    assert run.main(words) == 2
    assert "cannot watch a model by itself" in capsys.readouterr().err

    activate("kubeflow")
    assert run.main(words) == 0, capsys.readouterr().err
    assert f"unschedule {MODEL}-loop" in capsys.readouterr().out
    modes = {held["display_name"]: held["mode"] for held in backend.recurring.values()}
    assert sorted(modes.values()) == ["DISABLE", "ENABLE"]
    (found,) = [key for key, held in backend.recurring.items() if held["mode"] == "ENABLE"]
    return found


def two_at_once(backend: Backend, looks: str) -> tuple[list[Run], list[Run]]:
    """Two ticks of one moment, and every run that followed from them."""
    known = set(backend.runs)
    both = [backend.start(backend.recurring[looks]) for _ in range(2)]
    while any(thread.is_alive() for thread in backend.threads):
        time.sleep(0.1)
    ours = known | {each.identity for each in both}
    return both, [run for key, run in backend.runs.items() if key not in ours]


def end(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    """End the schedule and what waits behind it, and what is served."""
    assert run.main(["status", "--verbose"]) == 0
    assert f"'{MODEL}' is watched" in capsys.readouterr().out
    words = ["unschedule", f"{MODEL}-loop", "--json", "--verbose"]
    assert run.main(words) == 0, capsys.readouterr().err
    assert json.loads(capsys.readouterr().out)["ended"] is True
    assert not backend.recurring
    assert run.main(["stop", MODEL, "--verbose"]) == 0


def test_a_degraded_model_is_retrained_once_by_whichever_tick_finds_it_first(
    team: Team,
    backend: Backend,
    looks: str,
    cluster: StandIn,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows, known = tumours(), set(backend.runs)
    seen = rows.sample(200, random_state=0)
    ask(cluster, team, seen, "as before", [int(each) for each in seen["diagnosis"]])
    first = backend.tick(looks)
    assert first.state == "SUCCEEDED", backend.printed()
    assert followed(first) == ("ok", "nothing")
    assert set(backend.runs) - known == {first.identity}

    # The world turns around, and the table with it.
    turned = rows.assign(diagnosis=1 - rows["diagnosis"])
    turned.to_csv(tmp_path / "tumours.csv", index=False)
    ask(cluster, team, turned, "turned", [int(each) for each in turned["diagnosis"]])
    both, (retrained,) = two_at_once(backend, looks)
    printed, acts = backend.printed(), sorted(followed(each) for each in both)
    assert [outcome for outcome, _ in acts] == ["degraded"] * 2
    assert [act for _, act in acts].count("retrain") == 1, acts
    assert retrained.state == "SUCCEEDED", printed
    assert "A retraining has begun: " in printed
    assert f"{MODEL} was retrained: version 2, promote; the champion is version 2." in printed
    ready = f"{cluster.ingress_url}/seldon/models/{MODEL}/v2/models/{MODEL}/versions/2/ready"
    assert httpx.get(ready).status_code == 200
    end(backend, capsys)
