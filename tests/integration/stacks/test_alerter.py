"""An alert by a stack's alerter: a component of ZenML's, of a flavor that a user registered."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from serving.errors import RunError
from stacks.apply import apply
from steps.monitoring.alerts import alert
from tests.integration.stacks.conftest import MakeFile
from tests.ports import free_port

pytestmark = pytest.mark.usefixtures("zenml")


@dataclass
class Desk:
    """A server that takes messages.

    Args:
        status: What it answers.
    """

    url: str = ""
    status: int = 200
    taken: list[str] = field(default_factory=list)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A running one."""
    made = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            made.taken.append(body["message"])
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()


def test_an_alert_goes_to_the_stacks_alerter_and_one_that_is_not_taken_is_an_error(
    desk: Desk, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And to nobody else: the webhook is for stacks without an alerter."""
    from zenml.client import Client
    from zenml.enums import StackComponentType

    monkeypatch.setenv("SWITCHYARD_ALERT_WEBHOOK", f"http://127.0.0.1:{free_port()}")
    flavor = "tests.integration.stacks.http_alerter.HttpAlerterFlavor"
    Client().create_flavor(flavor, StackComponentType.ALERTER)
    told = ("desk", "http_tested", {"url": desk.url})
    apply(make_file("alerted", alerter=told), active=True)
    assert alert("shop version 3: degraded.", {"model": "shop"}) == "alerter desk"
    assert desk.taken == ["shop version 3: degraded."]
    desk.status = 500
    with pytest.raises(RunError, match=r"alerter 'desk' of the flavor 'http_tested' did not take"):
        alert("again", {})
    away: dict[str, object] = {"url": f"http://127.0.0.1:{free_port()}/token"}
    apply(make_file("away", alerter=("away", "http_tested", away)), active=True)
    with pytest.raises(RunError, match=r"did not take the alert \(ConnectError\)") as failure:
        alert("gone", {})
    assert "token" not in str(failure.value)
