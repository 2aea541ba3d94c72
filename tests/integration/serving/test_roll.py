"""A new version takes the old one's place with no failed request, or not at all."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import httpx
import pytest

from serving.errors import ModelError
from serving.model import write_bundle
from serving.openapi import seldon_body, v2_body
from serving.resident import serve, status, stop
from serving.spec import Endpoint, ServiceSpec
from serving.state import read_state
from tests.integration.serving.conftest import MakeSpec
from tests.unit.serving.tiny import ROW, schema

ROOT = Path(__file__).resolve().parents[3]
BODY = json.dumps(v2_body(schema(), [ROW]))


def test_rolls_under_load_fail_no_request_and_never_go_back(home: Path, spec: MakeSpec) -> None:
    specs = [spec(str(version)) for version in range(1, 7)]
    endpoint = serve(home, specs[0])
    done = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(lambda: asyncio.run(ask(endpoint.predict_url, done)))
        try:
            rolled = [roll(home, wanted) for wanted in specs[1:]]
        finally:
            done.set()
        seen = load.result()
    assert {(each.url, each.pid) for each in rolled} == {(endpoint.url, endpoint.pid)}
    assert {"1", "3", "6"} <= set(chain(*seen))
    for versions in seen:
        assert versions == sorted(versions)
        assert versions[-1] == "6"


def roll(home: Path, spec: ServiceSpec, serve: Callable[..., Endpoint] = serve) -> Endpoint:
    """Roll after the load had time to meet the version before."""
    time.sleep(0.3)
    return serve(home, spec)


async def ask(url: str, done: threading.Event) -> list[list[str]]:
    """Ask from eight connections until told to end, and once more."""

    async def one(client: httpx.AsyncClient) -> list[str]:
        versions: list[str] = []
        while True:
            last = done.is_set()
            answer = await client.post(url, content=BODY)
            assert answer.status_code == 200, answer.text
            versions.append(answer.json()["model_version"])
            if last:
                return versions

    async with httpx.AsyncClient(timeout=30) as client:
        return await asyncio.gather(*(one(client) for _ in range(8)))


def test_a_restart_comes_back_with_the_version_rolled_to(home: Path, spec: MakeSpec) -> None:
    serve(home, spec("1"))
    second = spec("2")
    endpoint = serve(home, second)
    assert endpoint.pid is not None
    os.kill(endpoint.pid, signal.SIGKILL)
    state = read_state(home)
    assert state is not None
    assert (state.version, state.digest) == ("2", second.digest)
    again = serve(home, second)
    assert httpx.get(f"{again.url}/readyz").json()["version"] == "2"


def test_a_tampered_bundle_is_refused_and_the_old_version_goes_on(
    home: Path, spec: MakeSpec
) -> None:
    endpoint = serve(home, spec("1"))
    wanted = spec("2")
    file = Path(wanted.model_uri) / "model.onnx"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelError, match="changed or is another model"):
        serve(home, wanted)
    assert status(home) == endpoint


def test_a_bundle_that_does_not_load_is_refused_and_the_old_version_goes_on(
    home: Path, spec: MakeSpec, tmp_path: Path
) -> None:
    endpoint = serve(home, spec("1"))
    manifest = write_bundle(tmp_path / "bad", b"no model", schema(), name="shop", version="2")
    with pytest.raises(ModelError, match=r"does not load.* Version '1' still answers"):
        serve(home, ServiceSpec("shop", "2", str(tmp_path / "bad"), manifest.digest))
    assert status(home) == endpoint
    answer = httpx.post(endpoint.seldon_url, json=seldon_body(schema(), [ROW])).json()
    assert answer["meta"]["tags"]["model_version"] == "1"
    assert 'rolls_total{result="refused"} 1' in httpx.get(f"{endpoint.url}/metrics").text


def test_a_bundle_tampered_with_inside_the_home_is_refused(home: Path, spec: MakeSpec) -> None:
    """The server checks the digest too, each time that it starts."""
    serve(home, spec("1"))
    stop(home)
    state = read_state(home)
    assert state is not None
    file = home / "versions" / state.bundle / "schema.json"
    file.write_bytes(file.read_bytes().replace(b"bought", b"gained"))
    command = [sys.executable, "-m", "serving.app", "--home", str(home)]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert child.returncode == 3
    assert "was changed" in child.stderr


def test_the_same_version_again_changes_nothing(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec("1"))
    assert serve(home, spec("1")) == endpoint
    assert "rolls_total{" not in httpx.get(f"{endpoint.url}/metrics").text


def test_old_versions_are_kept_for_a_while_and_then_removed(home: Path, spec: MakeSpec) -> None:
    for version in range(1, 9):
        serve(home, spec(str(version)))
    kept = sorted(path.name.split("-")[0] for path in (home / "versions").iterdir())
    assert kept == ["4", "5", "6", "7", "8"]
    assert serve(home, spec("2")).version == "2"
