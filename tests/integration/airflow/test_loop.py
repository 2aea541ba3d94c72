"""stacks/airflow-seldon.yaml: Airflow trains, pods answer, ticks judge, and one of them retrains.

The clock of Airflow itself makes the ticks. The cluster is a stand-in whose pods are real servers,
and which the steps' containers reach as they would reach a real one: by a kubeconfig.
"""

import base64
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pandas as pd
import pytest
import yaml

import run
from stacks.flavors.airflow.api import Airflow
from tests.airflow.server import AirflowServer
from tests.docker.cluster import Cluster
from tests.integration.airflow.conftest import NAME
from tests.integration.airflow.test_schedule import asked
from tests.integration.kubeflow.test_retraining import step, tumours
from tests.integration.traffic import Traffic
from tests.integration.tumours import LINEAR, write_config
from tests.kubernetes.standin import IMAGE, StandIn, standing_in
from tests.workplace import ROOT

MODEL, TABLE = "airflow-tumours", "loop/tumours.csv"
SECONDS = 400.0
CANARY = {
    "strategy": "canary",
    "share": 0.5,
    "window": {"requests": 40, "seconds": 120, "least": 20},
    "limits": {"latency_floor_ms": 5000},
}
GROUPS = {
    "rollout": CANARY,
    "monitoring": {"min_rows": 100, "report": "never", "policy": {"drift": "retrain"}},
    "report": {"enabled": False},
}
Seen = tuple[str, str, str]


@dataclass(frozen=True)
class Watched:
    """A model that Airflow watches.

    Args:
        looks: The DAG of the ticks.
        waits: The DAG of the retraining that a tick starts.
    """

    api: Airflow
    looks: str
    waits: str

    def ticks(self) -> list[Seen]:
        """Of each tick that has ended its verdict, on which version, and what followed."""
        from zenml.client import Client

        asked = {"pipeline": "loop", "sort_by": "created", "hydrate": True}
        ended = [
            str(each) for each, state in self.api.runs(self.looks).items() if state != "RUNNING"
        ]
        runs = Client().list_pipeline_runs(status="completed", **asked).items
        return [seen_in(each) for each in runs if each.orchestrator_run_id in ended]

    def retrainings(self) -> list[str]:
        """The state of each retraining."""
        return list(self.api.runs(self.waits).values())


@pytest.fixture
def cluster(servers: Cluster, tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in for the cluster; a container finds no file that its kubeconfig names."""
    with standing_in(tmp_path / "cluster") as made:
        held = yaml.safe_load((made.home / "kubeconfig").read_text())
        for each in held["clusters"]:
            authority = each["cluster"].pop("certificate-authority", None)
            if authority:
                said = base64.b64encode(Path(authority).read_bytes()).decode()
                each["cluster"]["certificate-authority-data"] = said
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(held))
        (tmp_path / "kubeconfig").chmod(0o644)
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")
        store = servers.store.environment
        made.secrets["switchyard-store"] = {name: store[name] for name in names}
        yield made


@pytest.fixture
def stack(
    client: Path,
    servers: Cluster,
    airflow: AirflowServer,
    cluster: StandIn,
    training_image: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The project's own file, whose servers look and ship more often."""
    from stacks.apply import activate

    assert client
    environment = {
        **servers.environment,
        **cluster.environ,
        "SWITCHYARD_AIRFLOW_URL": airflow.url,
        "SWITCHYARD_AIRFLOW_DAGS": str(airflow.dags),
        "SWITCHYARD_AIRFLOW_KUBECONFIG": str(tmp_path / "kubeconfig"),
        "SWITCHYARD_STEPS_IMAGE": training_image,
        "SWITCHYARD_KUBERNETES_CONTEXT": "here",
        "SWITCHYARD_SERVING_IMAGE": IMAGE,
        "SWITCHYARD_SERVING_NAMESPACE": "models",
        "SWITCHYARD_INGRESS_URL": cluster.ingress_url,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made = yaml.safe_load((ROOT / "stacks" / "airflow-seldon.yaml").read_text(encoding="utf-8"))
    made["components"]["orchestrator"][0]["configuration"]["poll"] = 0.5
    made["components"]["model_deployer"][0]["configuration"]["log_segment_seconds"] = 0.5
    path = tmp_path / "airflow-seldon.yaml"
    path.write_text(yaml.safe_dump(made), encoding="utf-8")
    with mock.patch.dict(os.environ):
        yield str(path)
    activate(NAME)


@pytest.fixture
def watched(
    stack: str, airflow: AirflowServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Watched:
    """A model that Airflow trained, deployed and looks at each minute."""
    from zenml.client import Client

    data = {"data": f"artifacts://{TABLE}", "target": "diagnosis"}
    config = write_config(tmp_path, "watched", LINEAR, model=MODEL, data=data, **GROUPS)
    assert run.main(["stack", "set", stack, "--verbose"]) == 0, capsys.readouterr().err
    assert "airflow-seldon" in capsys.readouterr().out
    write(tumours())
    assert run.main(["--config", config, "--json", "--verbose"]) == 0, capsys.readouterr().err
    first = json.loads(capsys.readouterr().out)
    assert (first["champion"], first["endpoint"]["version"]) == ("1", "1")
    words = ["loop", "--schedule", "* * * * *", "--since", "1h", "--verbose"]
    assert run.main(words) == 0, capsys.readouterr().err
    assert f"unschedule {MODEL}-loop" in capsys.readouterr().out
    names = (f"{MODEL}-loop", f"{MODEL}-on-demand")
    dags = [str(Client().get_schedule(name).run_metadata["airflow_dag_id"]) for name in names]
    return Watched(asked(airflow), *dags)


def write(rows: pd.DataFrame) -> None:
    """Put the table where every training reads it."""
    from zenml.client import Client

    store = Client().active_stack.artifact_store
    with store.open(f"{store.path}/{TABLE}", "w") as stream:
        stream.write(rows.to_csv(index=False))


def turned_around(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose values stand on their heads, column by column, and are half as large again."""
    inputs = rows.drop(columns="diagnosis")
    return (1.5 * (inputs.max() + inputs.min() - inputs)).assign(diagnosis=rows["diagnosis"])


def seen_in(tick: Any) -> Seen:
    """A tick's verdict, on which version, and what followed it."""
    verdict = tick.steps["judge_window"].outputs["verdict"][0].load()
    return verdict.outcome, verdict.version, step(tick, "act_on").act


def body(rows: pd.DataFrame) -> dict[str, Any]:
    """A request of the Open Inference Protocol for these rows."""
    inputs = rows.drop(columns="diagnosis")
    asks = {"datatype": "FP64", "shape": [len(inputs)]}
    return {"inputs": [{"name": name, **asks, "data": list(inputs[name])} for name in inputs]}


def url_of(cluster: StandIn) -> str:
    """Where the model answers."""
    return f"{cluster.ingress_url}/seldon/models/{MODEL}/v2/models/{MODEL}"


def ask(cluster: StandIn, servers: Cluster, rows: pd.DataFrame) -> None:
    """Ask the pods, and wait until what they answered is in the store."""
    before = servers.store.objects()
    said = httpx.post(f"{url_of(cluster)}/infer", json=body(rows), timeout=30, trust_env=False)
    assert said.status_code == 200, said.text
    place = f"predictions/{MODEL}/"
    until(lambda: any(key.startswith(place) for key in {*servers.store.objects()} - {*before}), str)


def until(done: Callable[[], bool], told: Callable[[], object]) -> None:
    """Wait for something that Airflow or a pod does."""
    end = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < end, told()
        time.sleep(1)


@contextmanager
def traffic(cluster: StandIn, rows: pd.DataFrame) -> Iterator[Traffic]:
    """Ask for rows again and again, as a canary needs it."""
    asking = Traffic(f"{url_of(cluster)}/infer", body(rows), rest=0.1)
    asking.start()
    try:
        yield asking
    finally:
        asking.ended.set()
        asking.join()


@pytest.mark.nightly
def test_a_drifted_model_is_retrained_once_on_the_rows_of_then_and_watched_on(
    watched: Watched, cluster: StandIn, servers: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tick comes each minute: before the drift, while the retraining runs, and after it."""
    from zenml.client import Client

    rows = tumours()
    ask(cluster, servers, rows.sample(200, random_state=0))
    until(lambda: ("ok", "1", "nothing") in watched.ticks(), watched.ticks)
    assert watched.retrainings() == []

    # What was small is large now and means what it meant, in the table too.
    turned = turned_around(rows)
    write(turned)
    with traffic(cluster, turned.sample(20, random_state=1)) as asking:
        ask(cluster, servers, turned)
        until(lambda: ("drift", "1", "retrain") in watched.ticks(), watched.ticks)
        until(lambda: watched.retrainings() == ["SUCCEEDED"], watched.retrainings)
    assert {status for status, _ in asking.answers} == {200}
    (retrained,) = Client().list_pipeline_runs(pipeline="retraining_on_demand", hydrate=True).items
    rollout = retrained.steps["canary"].outputs["rollout"][0].load()
    assert (rollout.tried, rollout.before, rollout.serves) == (True, "1", "2"), rollout.reasons
    assert step(retrained, "load_table")["mean radius"].max() > rows["mean radius"].max()
    ready = httpx.get(f"{url_of(cluster)}/versions/2/ready", trust_env=False)
    assert ready.status_code == 200

    # And again: within the cool-down somebody is told, and nothing trains.
    ask(cluster, servers, turned_around(turned))
    until(lambda: ("drift", "2", "alert") in watched.ticks(), watched.ticks)
    assert watched.retrainings() == ["SUCCEEDED"]
    assert [act for _, _, act in watched.ticks()].count("retrain") == 1
    unscheduled(watched, capsys)


def unscheduled(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """End what recurs, which is put off while a tick is at work; and then what is served."""
    assert run.main(["status", "--verbose"]) == 0
    assert f"'{MODEL}' is watched" in capsys.readouterr().out
    words = ["unschedule", f"{MODEL}-loop", "--verbose"]
    until(lambda: run.main(words) == 0, lambda: capsys.readouterr().err)
    dags = [watched.api.dag(each) or {} for each in (watched.looks, watched.waits)]
    assert [each["is_paused"] for each in dags] == [True, True]
    assert run.main(["stop", MODEL, "--verbose"]) == 0
