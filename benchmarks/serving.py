"""One-row predictions: the resident server against `mlflow models serve`, on the same model."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import Load
from benchmarks.load import measure as load
from benchmarks.process import ROOT, Place, measure, on_core, place
from benchmarks.spread import Spread, ratios
from serving.bundle import SCHEMA
from serving.encoding import encode
from serving.openapi import v2_body
from serving.schema import TableSchema
from steps.deployment.smoke import first_answer

PEER = ("-m", "benchmarks.peers.bare_model")
JOB = ("run.py", "--stack", "local", "--config", "benchmarks/serving.yaml", "--json")
SERVER, CLIENT = 0, 1
CLIENTS = (1, 16)
OURS = "ours, resident server: a row by column names"
MLFLOW = "`mlflow models serve`, registered model: the same row"
BARE = "`mlflow models serve`, bare estimator: encoded numbers"
REQUESTS = {OURS: 8000, MLFLOW: 320, BARE: 1600}
WARM = 64
START = 120.0

Loads = dict[tuple[str, int], list[Load]]


def run(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Train and deploy once, serve the same version through MLflow too, and load them in turn."""
    with place(folder / "serving") as here:
        with on_core(SERVER):
            answer = json.loads(measure(here, *JOB).output)
        schema, uri = schema_of(here), f"models:/{answer['model']}@champion"
        # MLflow's command line reads it from there.
        tracking = {"MLFLOW_TRACKING_URI": answer["more"]["mlflow"].split()[-1]}
        bare = here.home / "bare"
        measure(here, *PEER, uri, str(len(schema.columns)), str(bare), **tracking)
        with (
            mlflow_server(here, uri, tracking) as registered,
            mlflow_server(here, str(bare), tracking) as estimator,
            on_core(CLIENT),
        ):
            urls = {OURS: answer["endpoint"]["predict_url"], MLFLOW: registered, BARE: estimator}
            bodies = questions(schema)
            same_answer(urls, bodies)
            loads = rounds(urls, bodies, repeats)
    return [row(name, clients, loads) for clients in CLIENTS for name in urls]


def rounds(urls: dict[str, str], bodies: dict[str, bytes], repeats: int) -> Loads:
    """Load each server with each number of clients, one after another in every round."""
    loads: Loads = {(name, clients): [] for name in urls for clients in CLIENTS}
    for name, url in urls.items():
        load(url, bodies[name], clients=max(CLIENTS), requests=WARM)
    for _ in range(repeats):
        for (name, clients), found in loads.items():
            found.append(load(urls[name], bodies[name], clients=clients, requests=REQUESTS[name]))
    return loads


def schema_of(here: Place) -> TableSchema:
    """The schema of what is served from a place."""
    found = next(here.servers[0].glob(f"versions/*/{SCHEMA}"))
    return TableSchema.from_json(found.read_bytes())


def questions(schema: TableSchema) -> dict[str, bytes]:
    """The schema's first example row, as each of the servers takes it."""
    row = schema.examples[0]
    split = {"columns": list(schema.names), "data": [[row[name] for name in schema.names]]}
    encoded = encode(schema, {name: [row[name]] for name in schema.names})
    asked = {
        OURS: v2_body(schema, [dict(row)]),
        MLFLOW: {"dataframe_split": split},
        BARE: {"inputs": encoded.tolist()},
    }
    return {name: json.dumps(body).encode() for name, body in asked.items()}


def same_answer(urls: dict[str, str], bodies: dict[str, bytes]) -> None:
    """Refuse servers that do not give the same probabilities."""
    ours = first_answer(post(urls[OURS], bodies[OURS]))["scores"]
    for name in (MLFLOW, BARE):
        theirs = post(urls[name], bodies[name])["predictions"][0]
        if not all(math.isclose(a, b, abs_tol=1e-5) for a, b in zip(ours, theirs, strict=True)):
            raise RuntimeError(f"The servers disagree: ours {ours}, {name} {theirs}")


def post(url: str, body: bytes) -> dict[str, Any]:
    """The document that a server answers."""
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        content: dict[str, Any] = json.load(response)
        return content


@contextmanager
def mlflow_server(here: Place, uri: str, tracking: dict[str, str]) -> Iterator[str]:
    """Serve a model with MLflow's own server, one worker on the server's core."""
    port = free_port()
    words = ["-m", "mlflow", "models", "serve", "-m", uri]
    words += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    log_file = here.home / f"mlflow-{port}.txt"
    with log_file.open("w") as log, on_core(SERVER):
        server = subprocess.Popen(
            [sys.executable, *words, "--workers", "1"],
            cwd=ROOT,
            env={**here.environment, **tracking},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await_ready(f"http://127.0.0.1:{port}/ping", server, log_file)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        # Its worker is a child of its own: the session that was made for it ends as a whole.
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


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


def row(name: str, clients: int, loads: Loads) -> dict[str, Any]:
    """One line of the table."""
    found, ours = loads[name, clients], loads[OURS, clients]
    rates = [each.rate for each in found]
    return {
        "arm": name,
        "clients": clients,
        "rate": Spread.of(rates),
        "p50": Spread.of([each.p50 for each in found]),
        "p99": Spread.of([each.p99 for each in found]),
        "ratio": ratios([each.rate for each in ours], rates),
    }
