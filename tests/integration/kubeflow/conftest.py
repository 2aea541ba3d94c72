"""A stack on a stand-in for Kubeflow Pipelines, with a real ZenML server and a real store."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.docker.client import client_of, remote_stack
from tests.integration.kubeflow.stand_in import Backend, answer
from tests.integration.stacks.store import KEY, SECRET
from tests.integration.team.accounts import api_key
from tests.integration.team.servers import Team


@pytest.fixture(scope="package")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """The stand-in's inner side."""
    made = Backend(tmp_path_factory.mktemp("pods"))
    yield made
    for run in made.runs.values():
        made.terminate(run)
    for thread in made.threads:
        thread.join()


@pytest.fixture(scope="package")
def address(backend: Backend) -> Iterator[str]:
    """Where the stand-in answers."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.loads(content) if content else {}
            status, said = answer(backend, self.command, urlsplit(self.path).path, body)
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = _any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listener.server_address[1]}"
    listener.shutdown()
    listener.server_close()


@pytest.fixture(scope="package")
def client(team: Team, address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """This process as a client of the team's ZenML server, with the stack active."""
    from zenml.client import Client

    from stacks.apply import apply
    from stacks.schema import StackFile

    home = tmp_path_factory.mktemp("client")
    with client_of(team.zenml, api_key(team, "kubeflow"), home):
        Client().create_secret("kubeflow-s3", {"key": KEY, "secret": SECRET})
        apply(StackFile.model_validate(stack(team, address)), active=True)
        yield home


def stack(team: Team, address: str) -> dict[str, Any]:
    """A stack as `kubeflow.yaml` has it, as far as a pipeline without models needs one."""
    join = {
        "memory": "2Gi",
        "timeout": 600,
        "tolerations": [{"taint": "large", "operator": "Exists"}],
    }
    orchestrator = {
        "flavor": "kubeflow_watched",
        "kubeflow_hostname": address,
        "alone": ["left", "right"],
        "poll": 0.3,
        "patience": 60.0,
        "pods": {"*": {"cpu": 0.5, "node_selectors": {"pool": "small"}}, "join": join},
    }
    return remote_stack(
        "kubeflow-tested", orchestrator, "127.0.0.1:5000", team.store, "kubeflow-s3"
    )
