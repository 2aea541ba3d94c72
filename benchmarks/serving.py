"""The servers side by side: one row from 1 and from 16 clients, and a row among many."""

from __future__ import annotations

import json
import sys
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.load import Load
from benchmarks.load import measure as load
from benchmarks.process import Place, on_core, place
from benchmarks.question import Question, prepare
from benchmarks.servers import FLOOR, OURS, SERVERS, Server
from benchmarks.spread import Spread, ratios

SERVER, CLIENT = 0, 1
MANY = 1000
# What is measured of each server: so many clients, so many rows a request.
SHAPES = ((1, 1), (16, 1), (1, MANY))
WARM = 64


@dataclass(slots=True)
class Arm:
    """A server that is up, and what it showed.

    Args:
        bodies: What it is asked, by the number of rows.
        rates: Requests a second in a first look, by shape.
    """

    server: Server
    url: str
    bodies: dict[int, bytes]
    rates: dict[tuple[int, int], float] = field(default_factory=dict)
    loads: dict[tuple[int, int], list[Load]] = field(default_factory=dict)


def run(folder: Path, repeats: int, seconds: float) -> list[dict[str, Any]]:
    """Start every server on one core and load them in turn from another.

    Args:
        seconds: How long each load lasts, nearly.
    """
    with place(folder / "serving") as here, ExitStack() as stack:
        question = prepare(here.home)
        with on_core(SERVER):
            arms = [start(server, here, question, stack) for server in SERVERS]
        with on_core(CLIENT):
            for arm in arms:
                check(arm, question)
                look(arm)
            for _ in range(repeats):
                for shape in SHAPES:
                    for arm in arms:
                        arm.loads.setdefault(shape, []).append(loaded(arm, shape, seconds))
    return [row(arm, arms) for arm in arms]


def start(server: Server, here: Place, question: Question, stack: ExitStack) -> Arm:
    """Start a server, which ends with the stack."""
    url = stack.enter_context(server.serve(here, question))
    bodies = {n: json.dumps(server.body(question, n)).encode() for n in (1, MANY)}
    return Arm(server, url, bodies)


def check(arm: Arm, question: Question) -> None:
    """Refuse a server that gives other probabilities."""
    if arm.server.scores is None:
        return
    for count, body in arm.bodies.items():
        found = np.reshape(arm.server.scores(post(arm.url, body)), (count, 2))
        if not np.allclose(found, question.expected(count), atol=1e-5):
            raise RuntimeError(f"{arm.server.name} answers {found[0]} to the first of {count} rows")


def look(arm: Arm) -> None:
    """Warm a server up and see how many requests it takes a second."""
    print(f"  {arm.server.name}", file=sys.stderr)
    for clients, rows in SHAPES:
        count = WARM if rows == 1 else 4
        for _ in range(2):
            found = load(arm.url, arm.bodies[rows], clients=clients, requests=max(count, clients))
        arm.rates[clients, rows] = found.rate


def loaded(arm: Arm, shape: tuple[int, int], seconds: float) -> Load:
    """Load a server for about so many seconds."""
    clients, rows = shape
    requests = max(int(arm.rates[shape] * seconds), 4 * clients)
    return load(arm.url, arm.bodies[rows], clients=clients, requests=requests)


def post(url: str, body: bytes) -> Any:
    """The document that a server answers."""
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def row(arm: Arm, arms: list[Arm]) -> dict[str, Any]:
    """One line of the table."""
    rates = {shape: [each.rate for each in loads] for shape, loads in arm.loads.items()}
    floor, ours = (
        next([each.rate for each in other.loads[16, 1]] for other in arms if other.server is wanted)
        for wanted in (FLOOR, OURS)
    )
    return {
        "arm": arm.server.name,
        "alone": Spread.of(rates[1, 1]),
        "p50": Spread.of([each.p50 for each in arm.loads[1, 1]]),
        "rate": Spread.of(rates[16, 1]),
        "p99": Spread.of([each.p99 for each in arm.loads[16, 1]]),
        "of_floor": ratios(rates[16, 1], floor),
        "ratio": ratios(ours, rates[16, 1]),
        "row_us": Spread.of([1e6 / (rate * MANY) for rate in rates[1, MANY]]),
    }
