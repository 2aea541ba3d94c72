"""Every server of the comparison: how it is started, what it is asked and what it answers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.environments import python
from benchmarks.process import ROOT, Place, measure
from benchmarks.question import Question
from serving import resident, seldon_local
from serving.shipping.settings import LogSettings, write_settings

PEERS = ROOT / "benchmarks" / "peers"
START = 120.0

Answer = Any
Serve = Callable[[Place, Question], Any]


@dataclass(frozen=True, slots=True)
class Server:
    """One arm.

    Args:
        serve: A context that holds the URL to be asked.
        body: What is asked about so many rows.
        scores: The probabilities in an answer, row after row; None where it has none.
    """

    name: str
    serve: Serve
    body: Callable[[Question, int], Any]
    scores: Callable[[Answer], Any] | None


@contextmanager
def floor(here: Place, _: Question) -> Iterator[str]:
    """A Starlette application that does nothing."""
    port = free_port()
    with started(here, [sys.executable, str(PEERS / "floor.py"), str(port)], port, "/ping"):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def ours(here: Place, question: Question) -> Iterator[str]:
    """The resident server, which logs and ships meanwhile."""
    with _logged(here.home / "resident", here) as home:
        yield resident.serve(home, question.spec).predict_url


@contextmanager
def ours_seldon(here: Place, question: Question) -> Iterator[str]:
    """The resident server again, in the Seldon protocol."""
    with _logged(here.home / "resident-seldon", here) as home:
        yield resident.serve(home, question.spec).seldon_url


@contextmanager
def ours_in_seldon(here: Place, question: Question) -> Iterator[str]:
    """Our model class in the Seldon microservice."""
    home = here.home / "seldon-local"
    home.mkdir()
    try:
        yield seldon_local.serve(home, question.spec, timeout=START).seldon_url
    finally:
        seldon_local.stop(home)


@contextmanager
def microservice(here: Place, question: Question) -> Iterator[str]:
    """The Seldon microservice with the scikit-learn model."""
    port = free_port()
    program = python("seldon").with_name("seldon-core-microservice")
    words = [str(program), "seldon_sklearn.Sklearn", "--service-type", "MODEL", "--workers", "1"]
    words += ["--http-port", str(port), "--grpc-workers", "0"]
    words += ["--metrics-port", str(free_port())]
    with started(here, words, port, "/health/ping", cwd=PEERS, LINEAR=str(question.numbers)):
        yield f"http://127.0.0.1:{port}/api/v1.0/predictions"


@contextmanager
def mlserver(here: Place, question: Question) -> Iterator[str]:
    """MLServer with its scikit-learn runtime, in one process."""
    port, folder = free_port(), here.home / "mlserver"
    folder.mkdir()
    program = python("mlserver")
    model = folder / "model.joblib"
    subprocess.run([program, PEERS / "linear.py", question.numbers, model], check=True)
    _json(
        folder / "settings.json",
        host="127.0.0.1",
        http_port=port,
        grpc_port=free_port(),
        metrics_port=free_port(),
        parallel_workers=0,
    )
    _json(
        folder / "model-settings.json",
        name="linear",
        implementation="mlserver_sklearn.SKLearnModel",
        parameters={"uri": str(model)},
    )
    words = [str(program.with_name("mlserver")), "start", str(folder)]
    with started(here, words, port, "/v2/models/linear/ready"):
        yield f"http://127.0.0.1:{port}/v2/models/linear/infer"


@contextmanager
def bentoml(here: Place, question: Question) -> Iterator[str]:
    """BentoML with one worker."""
    port = free_port()
    program = python("bentoml").with_name("bentoml")
    words = [str(program), "serve", "bento:Linear", "--host", "127.0.0.1", "--port", str(port)]
    quiet = {"BENTOML_DO_NOT_TRACK": "true", "BENTOML_HOME": str(here.home / "bentoml")}
    with started(here, words, port, "/readyz", cwd=PEERS, LINEAR=str(question.numbers), **quiet):
        yield f"http://127.0.0.1:{port}/predict"


@contextmanager
def mlflow(here: Place, question: Question) -> Iterator[str]:
    """MLflow's own server with one worker."""
    port, folder = free_port(), here.home / "mlflow-model"
    measure(here, "-m", "benchmarks.peers.mlflow_linear", str(question.numbers), str(folder))
    words = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder), "--workers", "1"]
    words += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    with started(here, words, port, "/ping"):
        yield f"http://127.0.0.1:{port}/invocations"


@contextmanager
def started(
    here: Place, words: list[str], port: int, ready: str, cwd: Path = ROOT, **more: str
) -> Iterator[None]:
    """A server in a session of its own, from its first answer until the end of the block."""
    path = here.home / f"server-{port}.txt"
    # A peer's own interpreter and programs come first.
    search = {"PATH": f"{Path(words[0]).parent}{os.pathsep}{here.environment['PATH']}"}
    with path.open("w") as log:
        server = subprocess.Popen(
            words,
            cwd=cwd,
            env={**here.environment, **search, **more},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await_ready(f"http://127.0.0.1:{port}{ready}", server, path)
        yield
    finally:
        _end(server)


def await_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server says that it is up."""
    until = time.monotonic() + START
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"{url} did not come up:\n{log.read_text()[-3000:]}")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _logged(home: Path, here: Place) -> Iterator[Path]:
    home.mkdir()
    write_settings(home, LogSettings(str(here.home / "store")))
    try:
        yield home
    finally:
        resident.stop(home)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a session as a whole: its workers are children of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, number)
            server.wait(15)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            pass
        return


def _json(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(fields))


def _outputs(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {output["name"]: output["data"] for output in answer["outputs"]}


FLOOR = Server("Starlette, no work: the floor", floor, Question.v2, None)
OURS = Server("ours, resident server, v2", ours, Question.v2, lambda a: _outputs(a)["scores"])
SERVERS = (
    FLOOR,
    OURS,
    Server(
        "ours, resident server, Seldon v1",
        ours_seldon,
        Question.seldon,
        lambda a: a["data"]["ndarray"],
    ),
    Server(
        "ours, in the Seldon microservice",
        ours_in_seldon,
        Question.seldon,
        lambda a: a["data"]["ndarray"],
    ),
    Server(
        "Seldon microservice 1.17.1, scikit-learn",
        microservice,
        Question.seldon,
        lambda a: a["data"]["ndarray"],
    ),
    Server(
        "MLServer 1.7.1, scikit-learn",
        mlserver,
        Question.tensor,
        lambda a: _outputs(a)["predict_proba"],
    ),
    Server(
        "BentoML 1.4.39, scikit-learn",
        bentoml,
        lambda q, count: {"rows": q.matrix(count)},
        lambda a: a,
    ),
    Server(
        "`mlflow models serve`, scikit-learn",
        mlflow,
        lambda q, count: {"inputs": q.matrix(count)},
        lambda a: a["predictions"],
    ),
)
