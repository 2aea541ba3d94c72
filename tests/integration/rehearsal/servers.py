"""The ZenML server of a cluster, and a client that is logged in to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.integration.data.servers import answers, wait_until
from tests.ports import free_port

BIN = Path(sys.executable).parent
NAME, PASSWORD = "admin", "word-of-the-admin"


@dataclass(frozen=True)
class Server:
    """Where it answers, and the key of one who uses it."""

    url: str
    key: str


@contextmanager
def zenml_server(folder: Path, secrets: dict[str, dict[str, str]]) -> Iterator[Server]:
    """ZenML's own server over a database of its own, which holds these secrets."""
    folder.mkdir()
    port, log = free_port(), folder / "server.log"
    environment = {
        "ZENML_SERVER": "true",
        "ZENML_CONFIG_PATH": str(folder),
        "ZENML_LOCAL_STORES_PATH": str(folder / "stores"),
        "ZENML_STORE_TYPE": "sql",
        "ZENML_STORE_URL": f"sqlite:///{folder / 'zenml.db'}",
        # Steps of a Kubeflow orchestrator take no server of this machine's user alone.
        "ZENML_SERVER_DEPLOYMENT_TYPE": "other",
        "ZENML_SERVER_AUTO_ACTIVATE": "true",
        "ZENML_DEFAULT_USER_NAME": NAME,
        "ZENML_DEFAULT_USER_PASSWORD": PASSWORD,
        "ZENML_ANALYTICS_OPT_IN": "false",
    }
    words = [str(BIN / "uvicorn"), "zenml.zen_server.zen_server_api:app", "--host", "127.0.0.1"]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*words, "--port", str(port)],
            env={**os.environ, **environment},
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        wait_until(lambda: answers(port), process, log)
        yield _entered(f"http://127.0.0.1:{port}", secrets)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _entered(url: str, secrets: dict[str, dict[str, str]]) -> Server:
    """Make an account with a key, and the secrets, as an administrator does."""
    said = {"username": NAME, "password": PASSWORD}
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as server:
        token = server.post("/login", data=said).json()["access_token"]
        server.headers["Authorization"] = f"Bearer {token}"
        account = server.post("/service_accounts", json={"name": "ann", "active": True}).json()
        keys = f"/service_accounts/{account['id']}/api_keys"
        key = server.post(keys, json={"name": "laptop"}).json()["body"]["key"]
        for name, values in secrets.items():
            made = server.post("/secrets", json={"name": name, "values": values})
            made.raise_for_status()
    return Server(url, key)
