"""Runs that fail: tried again where that may help, ended where they hang, and told."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.failures.conftest import Program
from tests.integration.failures.test_killed import words
from tests.integration.tumours import SLOW, STUMP


@pytest.mark.fault(
    kind="server down",
    where="the database that a table is read from",
    promise="It is tried again as often as asked, then told with its step and to the webhook.",
    then="`run.py resume`",
)
def test_a_service_that_is_down_is_tried_again_and_its_failure_is_told(
    program: Program, tmp_path: Path
) -> None:
    """With the step, the count, the way on, and to the webhook too; there is no traceback."""
    table = ["--data", "postgresql://reader@127.0.0.1:1/sales", "--query", "select 1"]
    asked = words(tmp_path, "down", STUMP, retry={"load_table": {"tries": 2, "wait": 0}})
    with webhook() as (url, received):
        done = program.run(*asked, *table, "--target", "x", SWITCHYARD_ALERT_WEBHOOK=url)
    assert done.status == 1
    assert "load_table               retry  2 of 2 in 0 s (RunError: " in done.output
    assert "in the step 'load_table'" in done.errors
    assert "run.py resume" in done.errors
    assert "Traceback" not in done.output + done.errors
    (told,) = received
    assert told["failure"]["step"] == "load_table"
    assert "does not answer" in told["text"]


def test_the_users_mistake_is_not_tried_again(program: Program, tmp_path: Path) -> None:
    """The table will have no such column the next time either."""
    asked = words(tmp_path, "mistake", STUMP, retry={"default": {"tries": 3, "wait": 0}})
    done = program.run(*asked, "--target", "nonsense")
    assert done.status == 2
    assert "no column 'nonsense'" in done.errors
    assert "retry" not in done.output
    assert program.books("mistake")["open"] == []


def test_a_step_that_takes_too_long_is_ended_by_its_name(program: Program, tmp_path: Path) -> None:
    """The limit is told with it."""
    done = program.run(*words(tmp_path, "slow", SLOW, timeout={"train_thorough": 0.2}))
    assert done.status == 1
    assert "The step 'train_thorough' did not end within 0.2 s" in done.errors
    assert "Traceback" not in done.output + done.errors


@pytest.mark.fault(
    kind="store broken",
    where="a database that takes a connection and says nothing, in native code",
    promise="The step ends at its `timeout`, by name.",
    then="`run.py resume`",
)
def test_a_store_that_hangs_ends_the_run_in_time(program: Program, tmp_path: Path) -> None:
    """Where its client waits in native code, which nothing interrupts, the process ends too."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://reader@127.0.0.1:{silent.getsockname()[1]}/sales"
        asked = words(tmp_path, "silent", STUMP, timeout={"load_table": 2})
        done = program.run(*asked, "--data", url, "--query", "select 1", "--target", "x")
    assert done.status == 1
    assert "The step 'load_table' did not end within 2 s" in done.errors
    told = program.run("status")
    (line,) = (line for line in told.output.splitlines() if "of 'silent'" in line)
    assert "`python run.py resume " in line
    assert program.books("silent")["open"] == []


@contextmanager
def webhook() -> Iterator[tuple[str, list[Any]]]:
    """A server that takes alerts, and what it has taken."""
    received: list[Any] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing: a test reads what was received."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
