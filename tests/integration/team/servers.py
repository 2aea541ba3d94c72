"""A team's servers: databases, ZenML's and MLflow's servers, each on a free port, for real."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.integration.data.servers import answers, postgres, running, wait_until
from tests.integration.stacks.store import Store, store_in
from tests.ports import free_port

BIN = Path(sys.executable).parent
WORD = "word-of-the-database"
ADMIN = ("admin", "word-of-the-admin")
MEMBER = ("team", "word-of-the-team")
SECONDS = 60.0


@dataclass(frozen=True)
class Team:
    """Where the servers answer.

    Args:
        folder: What the databases and servers write lies below it.
        database: The tracking URI of MLflow's own database.
        zenml_database: The URL that ZenML's server keeps its store behind.
    """

    folder: Path
    zenml: str
    mlflow: str
    database: str
    zenml_database: str
    store: Store

    @property
    def environment(self) -> dict[str, str]:
        """What the stack file asks of the one who applies it."""
        return {
            "SWITCHYARD_S3_BUCKET": "s3://bucket",
            "SWITCHYARD_S3_ENDPOINT": self.store.endpoint,
            "SWITCHYARD_MLFLOW_URI": self.mlflow,
        }


@contextmanager
def team_in(folder: Path) -> Iterator[Team]:
    """Start everything; the two servers, which take longest, come up side by side."""
    with ExitStack() as held:
        maria = held.enter_context(mariadb(_made(folder / "mariadb")))
        port = held.enter_context(postgres(_made(folder / "postgres"), WORD))
        database = f"postgresql://ann:{WORD}@127.0.0.1:{port}/postgres"
        store = held.enter_context(store_in(_made(folder / "store")))
        zenml, mlflow = free_port(), free_port()
        first = held.enter_context(zenml_server(_made(folder / "zenml"), zenml, maria))
        second = held.enter_context(mlflow_server(_made(folder / "mlflow"), mlflow, database))
        wait_until(lambda: answers(zenml), first, folder / "zenml" / "server.log")
        wait_until(lambda: answers(mlflow), second, folder / "mlflow" / "server.log")
        _add_member(f"http://127.0.0.1:{mlflow}")
        addresses = (f"http://127.0.0.1:{zenml}", f"http://127.0.0.1:{mlflow}")
        yield Team(folder, *addresses, database, maria, store)


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """A MariaDB server with an empty database `zenml`; the URL that ZenML's server takes."""
    port, user = free_port(), "mysql" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data, socket = folder / "data", folder / "socket"
    owner = [f"--user={user}"] if user else []
    install = [_mariadb_program("mariadb-install-db"), "--no-defaults", f"--datadir={data}"]
    install += ["--auth-root-authentication-method=normal", "--skip-test-db", *owner]
    subprocess.run(install, check=True, capture_output=True, cwd=folder)
    server = [_mariadb_program("mariadbd"), "--no-defaults", f"--datadir={data}", *owner]
    server += [f"--socket={socket}", f"--port={port}", "--bind-address=127.0.0.1"]
    server += ["--skip-name-resolve", f"--pid-file={folder / 'pid'}"]
    with running(server, port, None, folder / "server.log"):
        account = "'zenml'@'127.0.0.1'"
        words = f"create database zenml; create user {account} identified by '{WORD}'; "
        words += f"grant all on zenml.* to {account}"
        client = [_mariadb_program("mariadb"), "--no-defaults", f"--socket={socket}"]
        subprocess.run([*client, "--user=root", "--execute", words], check=True)
        yield f"mysql://zenml:{WORD}@127.0.0.1:{port}/zenml"


@contextmanager
def zenml_server(folder: Path, port: int, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """ZenML's own server over a database."""
    environment = {
        "ZENML_SERVER": "true",
        "ZENML_CONFIG_PATH": str(folder),
        "ZENML_LOCAL_STORES_PATH": str(folder / "stores"),
        "ZENML_STORE_TYPE": "sql",
        "ZENML_STORE_URL": url,
        "ZENML_SERVER_DEPLOYMENT_TYPE": "other",
        "ZENML_SERVER_AUTO_ACTIVATE": "true",
        "ZENML_DEFAULT_USER_NAME": ADMIN[0],
        "ZENML_DEFAULT_USER_PASSWORD": ADMIN[1],
        "ZENML_ANALYTICS_OPT_IN": "false",
    }
    app = [str(BIN / "uvicorn"), "zenml.zen_server.zen_server_api:app", "--host", "127.0.0.1"]
    with _started([*app, "--port", str(port)], environment, folder) as process:
        yield process


@contextmanager
def mlflow_server(folder: Path, port: int, database: str) -> Iterator["subprocess.Popen[bytes]"]:
    """MLflow's own server, which asks for a password and keeps the artifacts itself."""
    auth = ["[mlflow]", "default_permission = READ", f"database_uri = {database}"]
    auth += [f"admin_username = {ADMIN[0]}", "auth_cache_ttl_seconds = 60"]
    auth += ["authorization_function = mlflow.server.auth:authenticate_request_basic_auth"]
    (folder / "auth.ini").write_text("\n".join(auth))
    environment = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN[1],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "signs-the-sessions",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    words = ["server", "--app-name", "basic-auth", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--workers", "1", "--backend-store-uri", database]
    words += ["--serve-artifacts", "--artifacts-destination", str(folder / "artifacts")]
    with _started([str(BIN / "mlflow"), *words], environment, folder) as process:
        yield process


@contextmanager
def _started(
    command: list[str], environment: Mapping[str, str], folder: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        # MLflow's server has workers of its own, which share its session.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(SECONDS)


def _add_member(mlflow: str) -> None:
    """The account that the stack's secret names; it owns what it makes."""
    said = {"username": MEMBER[0], "password": MEMBER[1]}
    answer = httpx.post(f"{mlflow}/api/2.0/mlflow/users/create", json=said, auth=ADMIN, timeout=30)
    answer.raise_for_status()


def _mariadb_program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    assert found, f"{name} is not installed: apt-get install mariadb-server"
    return found


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
