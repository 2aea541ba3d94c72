"""The client of `seldon_core` itself, from its own environment."""

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from serving import seldon_environment
from tests.conformance.deployers.bodies import NUMBERS
from tests.conformance.deployers.machine import KINDS
from tests.conformance.deployers.test_contract import Standing, reference, url

PROGRAM = Path(__file__).with_name("seldon_client.py")
ROWS = [[1.5, -7.0], [0.25, 1e-3]]


@pytest.fixture(scope="module", params=KINDS)
def told(request: pytest.FixtureRequest, standing: Standing) -> Any:
    """What the client makes of a server's answers."""
    machine = standing[request.param]
    asked = json.dumps({"names": list(NUMBERS.names), "rows": ROWS})
    address = urlsplit(url(machine, "numbers")).netloc
    words = [str(seldon_environment.python()), str(PROGRAM), address, asked]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("way", ["gateway", "microservice"])
@pytest.mark.parametrize("form", ["ndarray", "tensor"])
def test_the_client_reads_every_answer(told: Any, way: str, form: str) -> None:
    answer = told[f"{way} {form}"]
    assert answer["success"]
    columns = {name: [row[at] for row in ROWS] for at, name in enumerate(NUMBERS.names)}
    expected = reference("numbers").predict(columns).scores.ravel()
    data = answer["response"]["data"]
    numbers = np.array(data["tensor"]["values"] if form == "tensor" else data["ndarray"])
    assert numbers.ravel().astype(np.float32).tolist() == expected.tolist()
    tags = answer["response"]["meta"]["tags"]
    assert tags == {"model_name": "numbers", "model_version": "1"}


def test_the_client_reads_a_refusal_and_the_column_in_it(told: Any) -> None:
    refused = told["wrong"]
    assert not refused["success"]
    status = refused["response"]["status"]
    assert (status["code"], status["status"]) == (400, "FAILURE")
    assert "Unknown column 'c'. Known: b." in status["info"]
