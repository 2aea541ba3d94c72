"""A resident server starts, outlives its caller, comes back after a crash and stops."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import chain
from pathlib import Path

import fsspec
import httpx
import pytest

from serving.errors import DeployError, ModelError
from serving.model import write_bundle
from serving.openapi import seldon_body, v2_body
from serving.resident import serve, status, stop
from serving.settings import ServerSettings
from serving.spec import Endpoint, ServiceSpec
from serving.state import process, read_state
from tests.integration.serving.conftest import MakeSpec
from tests.unit.serving.tiny import EMPTY_ROW, ROW, columns, model, schema

ROOT = Path(__file__).resolve().parents[3]


def version_at(endpoint: Endpoint) -> str:
    answer = httpx.post(endpoint.predict_url, json=v2_body(schema(), [ROW]))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["model_version"])


def kill(home: Path) -> None:
    pid, _ = process(home)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while process(home)[1]:
        time.sleep(0.01)


def test_both_protocols_answer_what_the_model_does(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec())
    assert (endpoint.status, endpoint.version) == ("ready", "1")
    assert endpoint == status(home)
    expected = model(shift=1.0).predict(columns(ROW, EMPTY_ROW))
    v2 = httpx.post(endpoint.predict_url, json=v2_body(schema(), [ROW, EMPTY_ROW])).json()
    assert v2["outputs"][0]["data"] == expected.labels
    assert v2["outputs"][1]["data"] == pytest.approx(expected.scores.ravel().tolist())
    seldon = httpx.post(endpoint.seldon_url, json=seldon_body(schema(), [ROW, EMPTY_ROW])).json()
    assert list(chain(*seldon["data"]["ndarray"])) == v2["outputs"][1]["data"]


def test_only_this_machine_and_this_user_reach_the_admin_route(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec())
    assert endpoint.url.startswith("http://127.0.0.1:")
    assert (home / "service.json").stat().st_mode & 0o777 == 0o600
    state = read_state(home)
    assert state is not None
    assert httpx.post(f"{endpoint.url}/admin/roll", json={}).status_code == 401
    headers = {"authorization": f"Bearer {state.token}"}
    outside = {"bundle": "../../bundles/1", "version": "1", "digest": ""}
    answer = httpx.post(f"{endpoint.url}/admin/roll", json=outside, headers=headers)
    assert answer.status_code == 409
    assert "no directory in the home's versions" in answer.json()["error"]


def test_the_process_outlives_its_caller(home: Path, spec: MakeSpec) -> None:
    wanted = spec()
    program = (
        "import sys; from pathlib import Path; from serving.resident import serve;"
        "from serving.spec import ServiceSpec;"
        "print(serve(Path(sys.argv[1]), ServiceSpec(*sys.argv[2:])).url)"
    )
    arguments = [str(home), wanted.name, wanted.version, wanted.model_uri, wanted.digest]
    caller = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert caller.returncode == 0, caller.stderr
    assert caller.stderr == ""
    endpoint = status(home)
    assert endpoint is not None
    assert endpoint.url == caller.stdout.strip()
    assert version_at(endpoint) == "1"
    assert endpoint.pid is not None
    assert os.getsid(endpoint.pid) == endpoint.pid


def test_a_stopped_server_is_told_and_comes_back_at_its_url(home: Path, spec: MakeSpec) -> None:
    assert status(home) is None
    assert stop(home) is False
    first = serve(home, spec())
    assert stop(home) is True
    stopped = status(home)
    assert stopped is not None
    assert (stopped.status, stopped.url, stopped.pid) == ("stopped", first.url, None)
    with pytest.raises(httpx.ConnectError):
        httpx.get(first.url)
    assert stop(home) is False
    assert serve(home, spec("2")).url == first.url


@pytest.mark.fault(
    kind="kill -9",
    where="the resident server",
    promise="It is told as failed, with its log; it comes back at the same URL.",
    then="the next deployment",
)
def test_a_killed_server_is_recognised_and_comes_back_at_its_url(
    home: Path, spec: MakeSpec
) -> None:
    first = serve(home, spec())
    kill(home)
    dead = status(home)
    assert dead is not None
    assert dead.status == "failed"
    assert f"Process {first.pid} died" in dead.detail
    again = serve(home, spec())
    assert (again.url, again.status) == (first.url, "ready")
    assert again.pid != first.pid
    assert version_at(again) == "1"


def test_a_port_that_is_taken_is_named(home: Path, spec: MakeSpec) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DeployError, match=f"Port {port} of 127.0.0.1 is taken"):
            serve(home, spec(), ServerSettings(port=port))
    assert status(home) is None
    assert serve(home, spec(), ServerSettings(port=port)).url == f"http://127.0.0.1:{port}"


def test_a_port_that_was_lost_while_stopped_is_replaced(home: Path, spec: MakeSpec) -> None:
    first = serve(home, spec())
    stop(home)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(first.url.rsplit(":", 1)[1])))
        other.listen()
        second = serve(home, spec())
    assert second.url != first.url
    assert version_at(second) == "1"


def test_a_first_version_that_is_broken_leaves_nothing_behind(
    home: Path, spec: MakeSpec, tmp_path: Path
) -> None:
    wanted = spec()
    with pytest.raises(ModelError, match="changed or is another model"):
        serve(home, ServiceSpec("shop", "1", wanted.model_uri, "sha256:0"))
    with pytest.raises(ModelError, match=r"manifest\.json is missing"):
        serve(home, ServiceSpec("shop", "1", str(tmp_path / "absent"), wanted.digest))
    path = tmp_path / "unloadable"
    manifest = write_bundle(path, b"no model at all", schema(), name="shop", version="1")
    with pytest.raises(ModelError, match="does not load"):
        serve(home, ServiceSpec("shop", "1", str(path), manifest.digest))
    assert status(home) is None
    assert process(home)[1] is False


def test_a_server_that_does_not_come_up_in_time_is_ended(home: Path, spec: MakeSpec) -> None:
    with pytest.raises(DeployError, match="did not answer in time"):
        serve(home, spec(), timeout=0.03)
    assert process(home)[1] is False


def test_a_bundle_is_fetched_from_an_fsspec_uri(home: Path, spec: MakeSpec) -> None:
    wanted = spec()
    memory = fsspec.filesystem("memory")
    memory.put(wanted.model_uri, "/bundles/1", recursive=True)
    endpoint = serve(home, ServiceSpec("shop", "1", "memory://bundles/1", wanted.digest))
    assert version_at(endpoint) == "1"
    with pytest.raises(ModelError, match="memory://bundles/9"):
        serve(home, ServiceSpec("shop", "9", "memory://bundles/9", wanted.digest))


@pytest.mark.fault(
    kind="at once",
    where="two deployments of one model",
    promise="One process, one URL; the later one's version serves.",
    then="nothing is needed",
)
def test_two_deployments_at_once_leave_one_process(home: Path, spec: MakeSpec) -> None:
    specs, ended = [spec("1"), spec("2")], []

    def deploy(wanted: ServiceSpec) -> None:
        ended.append(serve(home, wanted))

    threads = [threading.Thread(target=deploy, args=[wanted]) for wanted in specs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({endpoint.pid for endpoint in ended}) == 1
    assert len({endpoint.url for endpoint in ended}) == 1
    assert version_at(ended[-1]) == ended[-1].version
    assert servers_of(home) == [ended[0].pid]


def test_a_second_process_for_the_same_home_refuses_to_start(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec())
    command = [sys.executable, "-m", "serving.app", "--home", str(home)]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert second.returncode != 0
    assert f"Another process serves {home}" in second.stderr
    assert version_at(endpoint) == "1"


def test_a_home_serves_one_model_at_one_port(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec())
    other = spec("2")
    with pytest.raises(DeployError, match="serves the model 'shop': stop it first"):
        serve(home, ServiceSpec("shoe", "1", other.model_uri, other.digest))
    port = int(endpoint.url.rsplit(":", 1)[1])
    with pytest.raises(
        DeployError, match=f"answers at {endpoint.url} with another port: stop it first"
    ):
        serve(home, other, ServerSettings(port=port + 1))


def servers_of(home: Path) -> list[int]:
    """The processes that were started for a home, whatever its own files say."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serving.app" in words and str(home).encode() in words:
            found.append(int(path.parent.name))
    return found


def test_the_prediction_log_is_whole_after_a_stop(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec())
    with httpx.Client() as client:
        for number in range(50):
            body = {**v2_body(schema(), [ROW, EMPTY_ROW]), "id": f"request {number}"}
            assert client.post(endpoint.predict_url, json=body).status_code == 200
    stop(home)
    files = sorted((home / "log").glob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert [(line["id"], line["row"]) for line in lines] == [
        (f"request {number}", row) for number in range(50) for row in (0, 1)
    ]


@pytest.mark.fault(
    kind="kill -9",
    where="the resident server's log",
    promise="Less than the last second of rows is lost.",
    then="nothing is needed",
)
def test_a_killed_server_loses_less_than_the_last_second(home: Path, spec: MakeSpec) -> None:
    endpoint = serve(home, spec())
    for _ in range(5):
        httpx.post(endpoint.predict_url, json=v2_body(schema(), [ROW]))
    time.sleep(1.0)
    kill(home)
    (file,) = (home / "log").glob("*.jsonl")
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 5
