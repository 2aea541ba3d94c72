"""A real Airflow in an environment of its own: its scheduler, its processor of DAGs and its API."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from serving.seldon_environment import BUILT, build, folder, identity
from tests.integration.data.servers import wait_until
from tests.ports import free_port

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
LOGIN = {"username": "ann", "password": "word-of-airflow"}
SECONDS = 60.0
# The user's own, whatever cache a test sets later: an environment takes a minute to build.
CACHE = folder(os.environ)


@dataclass(frozen=True)
class AirflowServer:
    """Where it answers, and where it looks for DAGs."""

    url: str
    dags: Path


def program() -> Path:
    """Airflow's own command; its environment is built once for the same pins."""
    place = CACHE / f"airflow-{identity(REQUIREMENTS.read_bytes())}"
    if not (place / BUILT).exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        build(place, REQUIREMENTS)
    return place / "bin" / "airflow"


@contextmanager
def airflow_in(home: Path) -> Iterator[AirflowServer]:
    """Start Airflow with little: two tasks at a time, a database file, and nothing that waits."""
    airflow, port = program(), free_port()
    server = AirflowServer(f"http://127.0.0.1:{port}", home / "dags")
    server.dags.mkdir(parents=True)
    (home / "passwords.json").write_text(json.dumps({LOGIN["username"]: LOGIN["password"]}))
    environment = {**os.environ, **settings(home, port)}
    subprocess.run(
        [str(airflow), "db", "migrate"], env=environment, check=True, capture_output=True
    )
    with ExitStack() as held:
        for part in ("scheduler", "dag-processor", "api-server"):
            log = home / f"{part}.log"
            process = held.enter_context(_started([str(airflow), part], environment, log))
        wait_until(lambda: _is_well(server.url), process, log)
        yield server


def settings(home: Path, port: int) -> Mapping[str, str]:
    """What Airflow is told by its environment."""
    own = {
        "CORE__DAGS_FOLDER": str(home / "dags"),
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "2",
        "CORE__LOAD_EXAMPLES": "false",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{LOGIN['username']}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__WORKERS": "1",
        "API__SECRET_KEY": "signs-the-sessions",
        "API_AUTH__JWT_SECRET": "signs-the-tokens-of-tasks-and-of-those-who-ask-with-many-letters",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "1",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "1",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
    }
    return {"AIRFLOW_HOME": str(home), **{f"AIRFLOW__{key}": each for key, each in own.items()}}


@contextmanager
def _started(
    command: list[str], environment: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, env=dict(environment), stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        yield process
    finally:
        # Each has processes of its own, which share its session.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _is_well(url: str) -> bool:
    try:
        health = httpx.get(f"{url}/api/v2/monitor/health", timeout=5).json()
    except (httpx.HTTPError, ValueError):
        return False
    return all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor"))
