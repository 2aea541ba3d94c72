"""A stack on a stand-in for Kubeflow Pipelines, with a real ZenML server and a real store."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.kubeflow.stand_in import ROOT, Backend, answer
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
    from zenml.config.global_config import GlobalConfiguration
    from zenml.utils import source_utils

    from stacks.apply import apply
    from stacks.schema import StackFile

    home = tmp_path_factory.mktemp("client")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZENML_CONFIG_PATH", str(home))
        patch.setenv("ZENML_LOCAL_STORES_PATH", str(home / "stores"))
        patch.setenv("ZENML_ANALYTICS_OPT_IN", "false")
        patch.setenv("ZENML_STORE_URL", team.zenml)
        patch.setenv("ZENML_STORE_API_KEY", api_key(team, "kubeflow"))
        patch.setattr(source_utils, "_CUSTOM_SOURCE_ROOT", str(ROOT))
        GlobalConfiguration._reset_instance()
        Client._reset_instance()
        Client().create_secret("kubeflow-s3", {"key": KEY, "secret": SECRET})
        apply(StackFile.model_validate(stack(team, address)), active=True)
        yield home
    GlobalConfiguration._reset_instance()
    Client._reset_instance()


def stack(team: Team, address: str) -> dict[str, object]:
    """A stack as `kubeflow.yaml` has it, as far as a pipeline without models needs one."""

    def one(name: str, flavor: str, **configuration: object) -> list[dict[str, object]]:
        return [{"name": name, "flavor": flavor, "configuration": configuration}]

    keys = {"key": "{{kubeflow-s3.key}}", "secret": "{{kubeflow-s3.secret}}"}
    where = {"endpoint_url": team.store.endpoint, "region_name": "us-east-1"}
    quirks = {
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    pods = {
        "*": {"cpu": 0.5, "node_selectors": {"pool": "small"}},
        "join": {
            "memory": "2Gi",
            "timeout": 600,
            "tolerations": [{"taint": "large", "operator": "Exists"}],
        },
    }
    return {
        "stack_name": "kubeflow-tested",
        "components": {
            "orchestrator": one(
                "kubeflow-tested",
                "kubeflow_watched",
                kubeflow_hostname=address,
                alone=["left", "right"],
                poll=0.3,
                patience=60.0,
                pods=pods,
            ),
            "container_registry": one("kubeflow-tested", "default", uri="127.0.0.1:5000"),
            "image_builder": one("kubeflow-tested", "local"),
            "artifact_store": one(
                "kubeflow-tested",
                "s3",
                path="s3://bucket",
                client_kwargs=where,
                config_kwargs=quirks,
                **keys,
            ),
        },
    }
