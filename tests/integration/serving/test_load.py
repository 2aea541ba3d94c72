"""Under load, versions come and go and no request notices."""

import asyncio
import json
import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import httpx
import pytest

from serving.openapi import v2_body
from serving.resident import finish, observe, serve, status, try_out
from serving.spec import Endpoint, ServiceSpec, Traffic
from serving.state import process
from tests.integration.serving.conftest import MakeSpec
from tests.unit.serving.tiny import ROW, schema

Load = Future[Counter[tuple[int, str]]]

BODY = json.dumps(v2_body(schema(), [ROW]))
CONCURRENCY, ROLLS, SECONDS = 64, 10, 60.0
# What the allocator keeps of ten loaded models and a few thousand log lines, in MiB.
ROOM = 12.0


@pytest.mark.nightly
def test_ten_rolls_in_a_minute_of_load_fail_no_request_and_leak_no_memory(
    home: Path, spec: MakeSpec
) -> None:
    """Plain rolls and finished canaries in turn, by 64 clients' requests; then a crash."""
    specs = [spec(str(version)) for version in range(1, ROLLS + 2)]
    endpoint = serve(home, specs[0])
    done = threading.Event()
    sizes: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(lambda: asyncio.run(ask(endpoint.predict_url, done)))
        try:
            for number, wanted in enumerate(specs[1:]):
                time.sleep(SECONDS / ROLLS / 2)
                take_over(home, wanted, canary=number % 2 == 1, load=load)
                sizes.append(resident_mib(endpoint))
        finally:
            done.set()
        seen = load.result()
    assert set(seen) == {(200, wanted.version) for wanted in specs}
    # By the third roll everything was loaded, tried and finished once.
    assert max(sizes[3:]) - sizes[2] < ROOM, sizes
    assert status(home) == finished(endpoint, specs[-1])
    assert endpoint.pid is not None
    os.kill(endpoint.pid, signal.SIGKILL)
    while process(home)[1]:
        time.sleep(0.01)
    again = serve(home, specs[-1])
    assert httpx.get(f"{again.url}/readyz").json()["version"] == specs[-1].version


def take_over(home: Path, spec: ServiceSpec, *, canary: bool, load: Load) -> None:
    """Let a version take over, at once or by way of a canary that many requests met."""
    if canary:
        try_out(home, spec, Traffic("canary", 0.3))
        while (seen := observe(home)) is not None and seen.trial.requests < 100:
            assert not load.done(), load.result()
            time.sleep(0.05)
        assert seen is not None
        assert (seen.stable.errors, seen.trial.errors) == (0, 0)
        finish(home)
    else:
        serve(home, spec)
    time.sleep(SECONDS / ROLLS / 2)


def finished(endpoint: Endpoint, spec: ServiceSpec) -> Endpoint:
    """The endpoint that serves that version from the same process."""
    return Endpoint(
        endpoint.name,
        spec.version,
        endpoint.url,
        endpoint.predict_url,
        endpoint.seldon_url,
        "ready",
        endpoint.pid,
    )


def resident_mib(endpoint: Endpoint) -> float:
    """What a server's process holds in memory."""
    lines = Path(f"/proc/{endpoint.pid}/status").read_text().splitlines()
    held = next(line for line in lines if line.startswith("VmRSS:"))
    return int(held.split()[1]) / 1024


async def ask(url: str, done: threading.Event) -> Counter[tuple[int, str]]:
    """Ask from every client until told to end; counts each status with the version that answered.

    A request that gets no answer ends the whole load with its error.
    """

    async def one(client: httpx.AsyncClient) -> list[tuple[int, str]]:
        answers: list[tuple[int, str]] = []
        while not done.is_set():
            answer = await client.post(url, content=BODY)
            answers.append((answer.status_code, answer.json().get("model_version", answer.text)))
        return answers

    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with httpx.AsyncClient(timeout=30, limits=limits, trust_env=False) as client:
        answers = await asyncio.gather(*(one(client) for _ in range(CONCURRENCY)))
    return Counter(chain(*answers))


@pytest.mark.fault(
    kind="at once",
    where="a trial and a deployment of one model",
    promise="One process; whichever came last decides, and nothing is half done.",
    then="nothing is needed",
)
def test_a_trial_and_a_deployment_at_once_leave_one_winner(home: Path, spec: MakeSpec) -> None:
    """Whichever came last decides; one process serves, and nothing is left half done."""
    endpoint = serve(home, spec("1"))
    tried, rolled = spec("2"), spec("3")
    with ThreadPoolExecutor(2) as pool:
        trial = pool.submit(try_out, home, tried, Traffic("canary", 1.0))
        roll = pool.submit(serve, home, rolled)
        assert trial.result().pid == roll.result().pid == endpoint.pid
    seen = observe(home)
    answer = httpx.post(endpoint.predict_url, content=BODY).json()["model_version"]
    assert answer == ("3" if seen is None else "2")
    now = status(home)
    assert now is not None
    assert (now.version, now.status) == ("3", "ready")
