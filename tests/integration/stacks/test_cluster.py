"""What `check` tells of a cluster, asked of a stand-in for the API of Kubernetes.

The client is the real one with a real kubeconfig; the stand-in answers two paths as the API server
and its proxy to Kubeflow Pipelines do, to one token.
"""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from stacks.probes import probe
from stacks.problem import Problem
from stacks.schema import Component
from tests.ports import free_port

TOKEN = "hunter2-of-the-cluster"
PROXY = "/api/v1/namespaces/kubeflow/services/ml-pipeline:http/proxy"
HEALTH = "/apis/v2beta1/healthz"
FLAVORS = pytest.mark.parametrize("flavor", ["kubernetes_watched", "kubeflow", "kubeflow_watched"])


class Cluster(http.server.BaseHTTPRequestHandler):
    """Answers the version of the API and the health of Kubeflow Pipelines."""

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == f"Bearer {TOKEN}"
        # Pipelines' own address asks for no token: its login is a matter of cookies.
        paths = {"/version": known, f"{PROXY}{HEALTH}": known, HEALTH: True}
        self.send_response(404 if self.path not in paths else 200 if paths[self.path] else 401)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Where the stand-in answers."""
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
    threading.Thread(target=lambda: httpd.serve_forever(poll_interval=0.01), daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture(autouse=True)
def kubeconfig(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contexts of a cluster that answers, of a wrong token for it, and of one that is away."""
    users = {"right": TOKEN, "wrong": "wrong-word"}
    clusters = {"here": server, "away": f"http://127.0.0.1:{free_port()}"}
    contexts = {"ours": ("here", "right"), "refused": ("here", "wrong"), "down": ("away", "right")}
    document = {
        "users": [{"name": name, "user": {"token": token}} for name, token in users.items()],
        "clusters": [{"name": name, "cluster": {"server": at}} for name, at in clusters.items()],
        "contexts": [
            {"name": name, "context": {"cluster": cluster, "user": user}}
            for name, (cluster, user) in contexts.items()
        ],
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    monkeypatch.setenv("KUBECONFIG", str(path))


def told(flavor: str, **configuration: object) -> list[Problem]:
    """What is said of an orchestrator."""
    component = Component(name="o", flavor=flavor, configuration=configuration)
    return probe("orchestrator", component, configuration)


@FLAVORS
def test_a_cluster_that_answers_has_no_problem(flavor: str) -> None:
    """The token of the context is taken."""
    assert told(flavor, kubernetes_context="ours") == []


@FLAVORS
def test_refused_credentials_are_told_once(flavor: str) -> None:
    """By the context's name, and without the token."""
    [problem] = told(flavor, kubernetes_context="refused")
    assert problem.text == "the cluster of context 'refused' refuses its credentials"
    assert problem.mistake
    assert "wrong-word" not in str(problem)


@FLAVORS
def test_a_cluster_that_is_away_is_no_mistake(flavor: str) -> None:
    """It may come up again."""
    [problem] = told(flavor, kubernetes_context="down")
    assert problem.text == "the cluster of context 'down' does not answer"
    assert problem.remedy == "kubectl --context down cluster-info"
    assert not problem.mistake


def test_a_namespace_without_kubeflow_pipelines_is_told() -> None:
    """With the command that looks for the service."""
    [problem] = told("kubeflow", kubernetes_context="ours", kubeflow_namespace="elsewhere")
    assert problem.text == "no Kubeflow Pipelines answers in namespace 'elsewhere' (404)"
    remedy = "kubectl --context ours --namespace elsewhere get service ml-pipeline"
    assert problem.remedy == remedy


def test_kubeflow_pipelines_is_asked_at_its_own_address(server: str) -> None:
    """An address that needs no context; a wrong path and a dead port are told."""
    assert told("kubeflow", kubeflow_hostname=server) == []
    [wrong] = told("kubeflow", kubeflow_hostname=f"{server}/pipeline")
    assert "answers 404, and not as Kubeflow Pipelines" in wrong.text
    [dead] = told("kubeflow", kubeflow_hostname=f"http://127.0.0.1:{free_port()}")
    assert "nothing answers at" in dead.text
