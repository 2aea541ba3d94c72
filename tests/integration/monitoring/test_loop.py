"""The loop: a model that degraded is retrained, gated and served again; once."""

import http.server
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.unit.data.tables import customers
from tests.workplace import ROOT, Workplace

CHEAP = ("--set", "candidates=[{name: linear, kind: linear}]", "--set", "report.enabled=false")
ATTEMPTS = ("retry={default: {tries: 2, wait: 0}}", "timeout={default: 600}")
OTHER = {"yes": "no", "no": "yes"}
TRIED = """
import json
from zenml.client import Client
runs = Client().list_pipeline_runs(sort_by="asc:created", hydrate=True).items
steps = [step for run in runs for name, step in run.steps.items() if name in ("promote", "deploy")]
print(json.dumps([[step.config.retry.max_retries, step.config.extra["timeout"]]
                  for step in steps]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the table, the stack and the labels lie."""
    return tmp_path_factory.mktemp("loop")


@pytest.fixture(scope="module")
def served(shared_workplace: Workplace, folder: Path) -> Any:
    """A champion whose table then turned around: who bought no longer does."""
    table = pd.concat([customers().assign(visit=visit) for visit in range(4)])
    table.to_csv(folder / "customers.csv", index=False)
    words = ["--data", str(folder / "customers.csv"), "--target", "bought", *CHEAP]
    words += [word for policy in ATTEMPTS for word in ("--set", policy)]
    done = shared_workplace.run("--stack", write_stack(folder), *words, "--json")
    assert done.status == 0, done.errors
    turned = table.assign(bought=table["bought"].map(OTHER), visit=table["visit"] + 4)
    turned.to_csv(folder / "customers.csv", index=False)
    ask(done.document, turned.head(400), "request")
    labels = {"id": "request", "row": np.arange(400), "bought": turned["bought"].head(400)}
    pd.DataFrame(labels).to_csv(folder / "labels.csv", index=False)
    return done.document


def write_stack(folder: Path) -> str:
    """The file of a stack of this machine that ships its log at once."""
    stack = yaml.safe_load((ROOT / "stacks" / "local.yaml").read_text(encoding="utf-8"))
    stack["stack_name"] = "watched"
    deployer = {"name": "watched", "flavor": "resident"}
    stack["components"]["model_deployer"] = [
        {**deployer, "configuration": {"log_segment_seconds": 0.5}}
    ]
    path = folder / "watched.yaml"
    path.write_text(yaml.safe_dump(stack), encoding="utf-8")
    return str(path)


def ask(served: Any, frame: pd.DataFrame, name: str) -> None:
    """Send rows as one request, and wait until they are shipped."""
    inputs = frame.drop(columns="bought")
    rows = json.loads(inputs.to_json(orient="values", date_format="iso"))
    body = {"data": {"names": list(inputs.columns), "ndarray": rows}, "meta": {"puid": name}}
    before = shipped(served)
    said = httpx.post(served["endpoint"]["seldon_url"], json=body)
    assert said.status_code == 200, said.text
    for _ in range(100):
        if shipped(served) >= before + len(rows):
            return
        time.sleep(0.1)
    raise AssertionError(f"{shipped(served)} rows are in the store, {before} were before.")


def shipped(served: Any) -> int:
    """How many rows have left the server's log for the store."""
    lines = httpx.get(f"{served['endpoint']['url']}/metrics").text.splitlines()
    (line,) = [each for each in lines if each.startswith("switchyard_log_shipped_rows_total")]
    return int(line.split()[-1])


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[Any]]]:
    """A real server that takes alerts: its URL and what it took."""
    taken: list[Any] = []

    class Taker(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/?token=hidden", taken
    server.shutdown()
    server.server_close()


def test_a_degraded_model_is_retrained_once_and_then_told(
    shared_workplace: Workplace, served: Any, folder: Path, webhook: tuple[str, list[Any]]
) -> None:
    """Through the same gate, at the same URL; a second tick within the cool-down only tells."""
    url, taken = webhook
    words = ["--every", "1s", "--times", "2", "--since", "1h", "--json"]
    labels = ["--labels", str(folder / "labels.csv")]
    hook = {"SWITCHYARD_ALERT_WEBHOOK": url}
    # The second tick judges the second champion, which labels of the first say nothing of.
    rule = ["--set", "monitoring.policy.drift=retrain"]
    done = shared_workplace.run("loop", *words, *labels, *rule, **hook)
    assert done.status == 0, done.errors
    first, second = (json.loads(line) for line in done.output.splitlines())
    assert (first["outcome"], first["action"]["act"]) == ("degraded", "retrain")
    training = first["action"]["training"]
    assert (training["outcome"], training["version"], training["champion"]) == ("promote", "2", "2")
    assert second["version"] == "2"
    assert second["action"]["act"] != "retrain"
    ready = f"{served['endpoint']['url']}/v2/models/{served['model']}/versions/2/ready"
    assert httpx.get(ready).status_code == 200
    assert "degraded" in taken[0]["text"]
    assert "Retrained: version 2, promote" in taken[0]["text"]
    assert "hidden" not in done.output + done.errors


def test_a_retraining_is_tried_as_often_as_the_training(
    shared_workplace: Workplace, served: Any
) -> None:
    """And a step of it for as long, in its deployment too."""
    assert served
    told = shared_workplace.call(sys.executable, "-c", TRIED)
    assert told.document == [[1, 600.0]] * 4, told.errors


def test_the_history_tells_of_both_champions(shared_workplace: Workplace, served: Any) -> None:
    """The retraining is one like any other."""
    assert served
    moves = shared_workplace.run("history", "--json").document
    assert [move["to"] for move in moves] == ["1", "2"]


def test_an_alert_without_a_place_to_go_is_in_the_log(
    shared_workplace: Workplace, served: Any, folder: Path
) -> None:
    """And the verdict is told with what was done."""
    since = pd.Timestamp.now("UTC").isoformat()
    table = pd.read_csv(folder / "customers.csv").sample(400, random_state=1)
    ask(served, table.assign(age=table["age"] + 40), "older")
    done = shared_workplace.run("monitor", "--since", since, "--act")
    assert done.status == 3, done.output
    assert "alert: customers-bought version 2: drift. Column 'age' has drifted" in done.errors
    assert "The policy for drift is alert." in done.output


def test_the_loop_ends_by_a_signal(shared_workplace: Workplace, served: Any) -> None:
    """With status 0, also in the middle of its rest."""
    assert served
    loop = shared_workplace.start("loop", "--every", "1h", "--since", "2020-01-01")
    assert loop.stdout is not None
    assert loop.stdout.readline()
    loop.send_signal(signal.SIGTERM)
    loop.communicate(timeout=60)
    assert loop.returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["loop", "--every", "soon"], "--every 'soon' is no span: write 30s, 10m"),
        (["loop", "--every", "0m"], "is no span"),
        (["monitor", "--set", "monitoring.policy.drif=alert"], "monitoring.policy.drift"),
        (["monitor", "--set", "monitoring.policy.drift=panic"], "drift"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    shared_workplace: Workplace, served: Any, words: list[str], said: str
) -> None:
    """With status 2."""
    assert served
    done = shared_workplace.run(*words)
    assert done.status == 2
    assert said in done.errors
    assert done.errors.count("\n") == 1
